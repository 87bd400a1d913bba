# SPDX-License-Identifier: MIT
SHUFFLE_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/shuffle
dist_man_MANS += plugins/shuffle/tenon-shuffle.7

noinst_LTLIBRARIES += plugins/shuffle/libfilter.la
plugins_shuffle_libfilter_la_SOURCES = \
	plugins/shuffle/bits.c \
	plugins/shuffle/bytes.c \
	plugins/shuffle/filter.c \
	plugins/shuffle/shuffle_filter.h
plugins_shuffle_libfilter_la_CPPFLAGS = $(SHUFFLE_CPPFLAGS)

unit_tests += plugins/shuffle/tests/test_shuffle
plugins_shuffle_tests_test_shuffle_CPPFLAGS = $(AM_CPPFLAGS) $(SHUFFLE_CPPFLAGS)
plugins_shuffle_tests_test_shuffle_LDADD = plugins/shuffle/libfilter.la pluginlib/libpluginlib.la $(CHECK_LIBS)

if MODULE_shuffle
plugin_LTLIBRARIES += plugins/shuffle.la
plugins_shuffle_la_SOURCES = plugins/shuffle/shuffle.c
plugins_shuffle_la_CPPFLAGS = $(SHUFFLE_CPPFLAGS)
plugins_shuffle_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_shuffle_la_LIBADD = plugins/shuffle/libfilter.la
endif

if BUILTIN_shuffle
noinst_LTLIBRARIES += plugins/libshufflefilter.la
plugins_libshufflefilter_la_SOURCES = plugins/shuffle/shuffle.c
plugins_libshufflefilter_la_CPPFLAGS = $(SHUFFLE_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=shuffle
plugins_libshufflefilter_la_LIBADD = plugins/shuffle/libfilter.la
core_libcore_la_LIBADD += plugins/libshufflefilter.la
endif
