# SPDX-License-Identifier: MIT
# Built where configure finds c-blosc.
BLOSC_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/blosc $(BLOSC_CFLAGS)
dist_man_MANS += plugins/blosc/tenon-blosc.7

if BLOSC
noinst_LTLIBRARIES += plugins/blosc/libfilter.la
plugins_blosc_libfilter_la_SOURCES = \
	plugins/blosc/blosc_filter.h \
	plugins/blosc/chunk.c
plugins_blosc_libfilter_la_CPPFLAGS = $(BLOSC_CPPFLAGS)
plugins_blosc_libfilter_la_LIBADD = $(BLOSC_LIBS)

unit_tests += plugins/blosc/tests/test_filter
plugins_blosc_tests_test_filter_CPPFLAGS = $(AM_CPPFLAGS) $(BLOSC_CPPFLAGS)
plugins_blosc_tests_test_filter_LDADD = plugins/blosc/libfilter.la tests/filters/libfilterkit.la $(BLOSC_LIBS) $(CHECK_LIBS)
endif

if MODULE_blosc
plugin_LTLIBRARIES += plugins/blosc.la
plugins_blosc_la_SOURCES = plugins/blosc/blosc.c
plugins_blosc_la_CPPFLAGS = $(BLOSC_CPPFLAGS)
plugins_blosc_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_blosc_la_LIBADD = plugins/blosc/libfilter.la $(BLOSC_LIBS)
endif

if BUILTIN_blosc
noinst_LTLIBRARIES += plugins/libbloscfilter.la
plugins_libbloscfilter_la_SOURCES = plugins/blosc/blosc.c
plugins_libbloscfilter_la_CPPFLAGS = $(BLOSC_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=blosc
plugins_libbloscfilter_la_LIBADD = plugins/blosc/libfilter.la $(BLOSC_LIBS)
core_libcore_la_LIBADD += plugins/libbloscfilter.la
endif
