# SPDX-License-Identifier: MIT
# Manual pages, in mdoc. The plugins list their own.
dist_man_MANS += \
	docs/tenon-abi.7 \
	docs/tenon-administration.7 \
	docs/tenon-plugin.3 \
	docs/tenon-threads.7 \
	docs/tenon.3 \
	docs/tenon.ini.5

if COMMAND
dist_man_MANS += \
	docs/tenon-cat.1 \
	docs/tenon-check-plugin.1 \
	docs/tenon-config.1 \
	docs/tenon-convert.1 \
	docs/tenon-formats.1 \
	docs/tenon-hash.1 \
	docs/tenon-help.1 \
	docs/tenon-ls.1 \
	docs/tenon-new-plugin.1 \
	docs/tenon-verify.1 \
	docs/tenon-why.1 \
	docs/tenon.1
endif
