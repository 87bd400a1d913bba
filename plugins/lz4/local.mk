# SPDX-License-Identifier: MIT
# Built where configure finds liblz4.
LZ4_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/lz4 $(LZ4_CFLAGS)
dist_man_MANS += plugins/lz4/tenon-lz4.7

if LZ4
noinst_LTLIBRARIES += plugins/lz4/libfilter.la
plugins_lz4_libfilter_la_SOURCES = \
	plugins/lz4/block.c \
	plugins/lz4/lz4_filter.h
plugins_lz4_libfilter_la_CPPFLAGS = $(LZ4_CPPFLAGS)
plugins_lz4_libfilter_la_LIBADD = $(LZ4_LIBS)

unit_tests += plugins/lz4/tests/test_filter
plugins_lz4_tests_test_filter_CPPFLAGS = $(AM_CPPFLAGS) $(LZ4_CPPFLAGS)
plugins_lz4_tests_test_filter_LDADD = plugins/lz4/libfilter.la tests/filters/libfilterkit.la $(LZ4_LIBS) $(CHECK_LIBS)
endif

if MODULE_lz4
plugin_LTLIBRARIES += plugins/lz4.la
plugins_lz4_la_SOURCES = plugins/lz4/lz4.c
plugins_lz4_la_CPPFLAGS = $(LZ4_CPPFLAGS)
plugins_lz4_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_lz4_la_LIBADD = plugins/lz4/libfilter.la $(LZ4_LIBS)
endif

if BUILTIN_lz4
noinst_LTLIBRARIES += plugins/liblz4filter.la
plugins_liblz4filter_la_SOURCES = plugins/lz4/lz4.c
plugins_liblz4filter_la_CPPFLAGS = $(LZ4_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=lz4
plugins_liblz4filter_la_LIBADD = plugins/lz4/libfilter.la $(LZ4_LIBS)
core_libcore_la_LIBADD += plugins/liblz4filter.la
endif
