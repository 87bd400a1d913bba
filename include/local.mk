tenonincludedir = $(includedir)/tenon
tenoninclude_HEADERS = \
	include/tenon/plugin.h \
	include/tenon/tenon.h \
	include/tenon/types.h
