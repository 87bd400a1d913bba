# SPDX-License-Identifier: MIT
# Built where configure finds libzstd.
ZSTD_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/zstd $(ZSTD_CFLAGS)
dist_man_MANS += plugins/zstd/tenon-zstd.7

if ZSTD
noinst_LTLIBRARIES += plugins/zstd/libfilter.la
plugins_zstd_libfilter_la_SOURCES = \
	plugins/zstd/decode.c \
	plugins/zstd/encode.c \
	plugins/zstd/frame.c \
	plugins/zstd/zstd_filter.h
plugins_zstd_libfilter_la_CPPFLAGS = $(ZSTD_CPPFLAGS)
plugins_zstd_libfilter_la_LIBADD = $(ZSTD_LIBS)

unit_tests += plugins/zstd/tests/test_filter
plugins_zstd_tests_test_filter_CPPFLAGS = $(AM_CPPFLAGS) $(ZSTD_CPPFLAGS)
plugins_zstd_tests_test_filter_LDADD = plugins/zstd/libfilter.la $(ZSTD_LIBS) $(CHECK_LIBS)
endif

if MODULE_zstd
plugin_LTLIBRARIES += plugins/zstd.la
plugins_zstd_la_SOURCES = plugins/zstd/zstd.c
plugins_zstd_la_CPPFLAGS = $(ZSTD_CPPFLAGS)
plugins_zstd_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_zstd_la_LIBADD = plugins/zstd/libfilter.la $(ZSTD_LIBS)
endif

if BUILTIN_zstd
noinst_LTLIBRARIES += plugins/libzstdfilter.la
plugins_libzstdfilter_la_SOURCES = plugins/zstd/zstd.c
plugins_libzstdfilter_la_CPPFLAGS = $(ZSTD_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=zstd
plugins_libzstdfilter_la_LIBADD = plugins/zstd/libfilter.la $(ZSTD_LIBS)
core_libcore_la_LIBADD += plugins/libzstdfilter.la
endif
