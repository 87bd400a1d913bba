# SPDX-License-Identifier: MIT
# Built in unless --with-builtin-plugins says otherwise.
DEFLATE_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/deflate $(ZLIB_CFLAGS) $(LIBDEFLATE_CFLAGS) $(ISAL_CFLAGS)
DEFLATE_LIBS = $(ZLIB_LIBS) $(LIBDEFLATE_LIBS) $(ISAL_LIBS)
dist_man_MANS += plugins/deflate/tenon-deflate.7

noinst_LTLIBRARIES += plugins/deflate/libfilter.la
plugins_deflate_libfilter_la_SOURCES = \
	plugins/deflate/filter.h \
	plugins/deflate/framed.c \
	plugins/deflate/raw.c \
	plugins/deflate/with_isal.c \
	plugins/deflate/with_isal.h \
	plugins/deflate/with_zlib.c \
	plugins/deflate/with_zlib.h
plugins_deflate_libfilter_la_CPPFLAGS = $(DEFLATE_CPPFLAGS)
plugins_deflate_libfilter_la_LIBADD = $(DEFLATE_LIBS)

# What calls the filter itself, in place of a context.
DEFLATE_LDADD = plugins/deflate/libfilter.la $(LDADD) $(DEFLATE_LIBS)
unit_tests += plugins/deflate/tests/test_framed plugins/deflate/tests/test_raw
plugins_deflate_tests_test_framed_LDADD = $(DEFLATE_LDADD)
plugins_deflate_tests_test_raw_LDADD = $(DEFLATE_LDADD)

if MODULE_deflate
plugin_LTLIBRARIES += plugins/deflate.la
plugins_deflate_la_SOURCES = plugins/deflate/deflate.c
plugins_deflate_la_CPPFLAGS = $(DEFLATE_CPPFLAGS)
plugins_deflate_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_deflate_la_LIBADD = plugins/deflate/libfilter.la $(DEFLATE_LIBS)
endif

if BUILTIN_deflate
noinst_LTLIBRARIES += plugins/libdeflatefilter.la
plugins_libdeflatefilter_la_SOURCES = plugins/deflate/deflate.c
plugins_libdeflatefilter_la_CPPFLAGS = $(DEFLATE_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=deflate
plugins_libdeflatefilter_la_LIBADD = plugins/deflate/libfilter.la $(DEFLATE_LIBS)
core_libcore_la_LIBADD += plugins/libdeflatefilter.la
endif
