# SPDX-License-Identifier: MIT
DELTA_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/delta
dist_man_MANS += plugins/delta/tenon-delta.7

noinst_LTLIBRARIES += plugins/delta/libfilter.la
plugins_delta_libfilter_la_SOURCES = \
	plugins/delta/delta_filter.h \
	plugins/delta/filter.c \
	plugins/delta/numbers.c
plugins_delta_libfilter_la_CPPFLAGS = $(DELTA_CPPFLAGS)

unit_tests += plugins/delta/tests/test_delta
plugins_delta_tests_test_delta_CPPFLAGS = $(AM_CPPFLAGS) $(DELTA_CPPFLAGS)
plugins_delta_tests_test_delta_LDADD = plugins/delta/libfilter.la pluginlib/libpluginlib.la $(CHECK_LIBS)

if MODULE_delta
plugin_LTLIBRARIES += plugins/delta.la
plugins_delta_la_SOURCES = plugins/delta/delta.c
plugins_delta_la_CPPFLAGS = $(DELTA_CPPFLAGS)
plugins_delta_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_delta_la_LIBADD = plugins/delta/libfilter.la
endif

if BUILTIN_delta
noinst_LTLIBRARIES += plugins/libdeltafilter.la
plugins_libdeltafilter_la_SOURCES = plugins/delta/delta.c
plugins_libdeltafilter_la_CPPFLAGS = $(DELTA_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=delta
plugins_libdeltafilter_la_LIBADD = plugins/delta/libfilter.la
core_libcore_la_LIBADD += plugins/libdeltafilter.la
endif
