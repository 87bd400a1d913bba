# SPDX-License-Identifier: MIT
npz_sources = \
	plugins/npz/member.c \
	plugins/npz/metadata.c \
	plugins/npz/metadata_read.c \
	plugins/npz/npz.c \
	plugins/npz/npz.h \
	plugins/npz/write.c

if MODULE_npz
plugin_LTLIBRARIES += plugins/npz.la
plugins_npz_la_SOURCES = $(npz_sources)
plugins_npz_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_npz_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_npz_la_LIBADD = pluginlib/libpluginlib.la
endif

if BUILTIN_npz
noinst_LTLIBRARIES += plugins/libnpz.la
plugins_libnpz_la_SOURCES = $(npz_sources)
plugins_libnpz_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=npz
core_libcore_la_LIBADD += plugins/libnpz.la
endif

dist_man_MANS += plugins/npz/tenon-npz.7
shell_tests += \
	plugins/npz/tests/golden.sh \
	plugins/npz/tests/metadata.sh

unit_tests += \
	plugins/npz/tests/test_append \
	plugins/npz/tests/test_append_kinds \
	plugins/npz/tests/test_metadata \
	plugins/npz/tests/test_metadata_bad \
	plugins/npz/tests/test_nested \
	plugins/npz/tests/test_quine \
	plugins/npz/tests/test_zip \
	plugins/npz/tests/test_zip_data \
	plugins/npz/tests/test_zip_directory \
	plugins/npz/tests/test_zip_headers
npz_archive = plugins/npz/tests/archive.c plugins/npz/tests/archive.h
plugins_npz_tests_test_append_SOURCES = plugins/npz/tests/test_append.c $(npz_archive)
plugins_npz_tests_test_append_kinds_SOURCES = plugins/npz/tests/test_append_kinds.c $(npz_archive)
plugins_npz_tests_test_metadata_SOURCES = plugins/npz/tests/test_metadata.c $(npz_archive)
plugins_npz_tests_test_metadata_bad_SOURCES = plugins/npz/tests/test_metadata_bad.c $(npz_archive)
plugins_npz_tests_test_nested_SOURCES = plugins/npz/tests/test_nested.c $(npz_archive)
plugins_npz_tests_test_quine_SOURCES = plugins/npz/tests/test_quine.c $(npz_archive)
plugins_npz_tests_test_zip_SOURCES = plugins/npz/tests/test_zip.c $(npz_archive)
plugins_npz_tests_test_zip_data_SOURCES = plugins/npz/tests/test_zip_data.c $(npz_archive)
plugins_npz_tests_test_zip_directory_SOURCES = plugins/npz/tests/test_zip_directory.c $(npz_archive)
plugins_npz_tests_test_zip_headers_SOURCES = plugins/npz/tests/test_zip_headers.c $(npz_archive)

plugins_npz_tests_test_nested_LDADD = $(DEFLATE_LDADD)
