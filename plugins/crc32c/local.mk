# SPDX-License-Identifier: MIT
CRC32C_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/crc32c $(ZLIB_CFLAGS)
dist_man_MANS += plugins/crc32c/tenon-crc32c.7

noinst_LTLIBRARIES += plugins/crc32c/libfilter.la
plugins_crc32c_libfilter_la_SOURCES = \
	plugins/crc32c/crc_filter.h \
	plugins/crc32c/filter.c
plugins_crc32c_libfilter_la_CPPFLAGS = $(CRC32C_CPPFLAGS)
plugins_crc32c_libfilter_la_LIBADD = $(ZLIB_LIBS)

unit_tests += plugins/crc32c/tests/test_crc
plugins_crc32c_tests_test_crc_CPPFLAGS = $(AM_CPPFLAGS) $(CRC32C_CPPFLAGS)
plugins_crc32c_tests_test_crc_LDADD = plugins/crc32c/libfilter.la pluginlib/libpluginlib.la $(ZLIB_LIBS) $(CHECK_LIBS)

if MODULE_crc32c
plugin_LTLIBRARIES += plugins/crc32c.la
plugins_crc32c_la_SOURCES = plugins/crc32c/crc32c.c
plugins_crc32c_la_CPPFLAGS = $(CRC32C_CPPFLAGS)
plugins_crc32c_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_crc32c_la_LIBADD = plugins/crc32c/libfilter.la pluginlib/libpluginlib.la $(ZLIB_LIBS)
endif

if BUILTIN_crc32c
noinst_LTLIBRARIES += plugins/libcrc32cfilter.la
plugins_libcrc32cfilter_la_SOURCES = plugins/crc32c/crc32c.c
plugins_libcrc32cfilter_la_CPPFLAGS = $(CRC32C_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=crc32c
plugins_libcrc32cfilter_la_LIBADD = plugins/crc32c/libfilter.la $(ZLIB_LIBS)
core_libcore_la_LIBADD += plugins/libcrc32cfilter.la
endif
