# SPDX-License-Identifier: MIT
zip_sources = \
	plugins/zip/blocks.c \
	plugins/zip/directory.c \
	plugins/zip/headers.c \
	plugins/zip/list.c \
	plugins/zip/local.c \
	plugins/zip/names.c \
	plugins/zip/write.c \
	plugins/zip/zip.c \
	plugins/zip/zip.h

if MODULE_zip
plugin_LTLIBRARIES += plugins/zip.la
plugins_zip_la_SOURCES = $(zip_sources)
plugins_zip_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_zip_la_LDFLAGS = $(MODULE_LDFLAGS)
endif

if BUILTIN_zip
noinst_LTLIBRARIES += plugins/libzip.la
plugins_libzip_la_SOURCES = $(zip_sources)
plugins_libzip_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=zip
core_libcore_la_LIBADD += plugins/libzip.la
endif

unit_tests += plugins/zip/tests/test_names
plugins_zip_tests_test_names_SOURCES = plugins/zip/tests/test_names.c plugins/zip/names.c
dist_man_MANS += plugins/zip/tenon-zip.7
