# Manual pages, in mdoc; those of the plugins are listed by the plugins.
dist_man_MANS += \
	docs/tenon.ini.5
