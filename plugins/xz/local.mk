# SPDX-License-Identifier: MIT
# Built where configure finds liblzma.
XZ_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/xz $(XZ_CFLAGS)
dist_man_MANS += plugins/xz/tenon-xz.7

if XZ
noinst_LTLIBRARIES += plugins/xz/libfilter.la
plugins_xz_libfilter_la_SOURCES = \
	plugins/xz/decode.c \
	plugins/xz/encode.c \
	plugins/xz/filters.c \
	plugins/xz/xz_filter.h
plugins_xz_libfilter_la_CPPFLAGS = $(XZ_CPPFLAGS)
plugins_xz_libfilter_la_LIBADD = $(XZ_LIBS)

unit_tests += plugins/xz/tests/test_filter
plugins_xz_tests_test_filter_CPPFLAGS = $(AM_CPPFLAGS) $(XZ_CPPFLAGS)
plugins_xz_tests_test_filter_LDADD = plugins/xz/libfilter.la tests/filters/libfilterkit.la $(XZ_LIBS) $(CHECK_LIBS)
endif

if MODULE_xz
plugin_LTLIBRARIES += plugins/xz.la
plugins_xz_la_SOURCES = plugins/xz/xz.c
plugins_xz_la_CPPFLAGS = $(XZ_CPPFLAGS)
plugins_xz_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_xz_la_LIBADD = plugins/xz/libfilter.la $(XZ_LIBS)
endif

if BUILTIN_xz
noinst_LTLIBRARIES += plugins/libxzfilter.la
plugins_libxzfilter_la_SOURCES = plugins/xz/xz.c
plugins_libxzfilter_la_CPPFLAGS = $(XZ_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=xz
plugins_libxzfilter_la_LIBADD = plugins/xz/libfilter.la $(XZ_LIBS)
core_libcore_la_LIBADD += plugins/libxzfilter.la
endif
