# SPDX-License-Identifier: MIT
# Built where configure finds libbz2.
BZIP2_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/bzip2 $(BZIP2_CFLAGS)
dist_man_MANS += plugins/bzip2/tenon-bzip2.7

if BZIP2
noinst_LTLIBRARIES += plugins/bzip2/libfilter.la
plugins_bzip2_libfilter_la_SOURCES = \
	plugins/bzip2/bzip2_filter.h \
	plugins/bzip2/streams.c
plugins_bzip2_libfilter_la_CPPFLAGS = $(BZIP2_CPPFLAGS)
plugins_bzip2_libfilter_la_LIBADD = $(BZIP2_LIBS)

unit_tests += plugins/bzip2/tests/test_filter
plugins_bzip2_tests_test_filter_CPPFLAGS = $(AM_CPPFLAGS) $(BZIP2_CPPFLAGS)
plugins_bzip2_tests_test_filter_LDADD = plugins/bzip2/libfilter.la tests/filters/libfilterkit.la $(BZIP2_LIBS) $(CHECK_LIBS)
endif

if MODULE_bzip2
plugin_LTLIBRARIES += plugins/bzip2.la
plugins_bzip2_la_SOURCES = plugins/bzip2/bzip2.c
plugins_bzip2_la_CPPFLAGS = $(BZIP2_CPPFLAGS)
plugins_bzip2_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_bzip2_la_LIBADD = plugins/bzip2/libfilter.la $(BZIP2_LIBS)
endif

if BUILTIN_bzip2
noinst_LTLIBRARIES += plugins/libbzip2filter.la
plugins_libbzip2filter_la_SOURCES = plugins/bzip2/bzip2.c
plugins_libbzip2filter_la_CPPFLAGS = $(BZIP2_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=bzip2
plugins_libbzip2filter_la_LIBADD = plugins/bzip2/libfilter.la $(BZIP2_LIBS)
core_libcore_la_LIBADD += plugins/libbzip2filter.la
endif
