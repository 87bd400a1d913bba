# SPDX-License-Identifier: MIT
safetensors_sources = \
	plugins/safetensors/dtypes.c \
	plugins/safetensors/header.c \
	plugins/safetensors/index.c \
	plugins/safetensors/index_write.c \
	plugins/safetensors/metadata.c \
	plugins/safetensors/metadata_types.c \
	plugins/safetensors/metadata_write.c \
	plugins/safetensors/names.c \
	plugins/safetensors/pairs.c \
	plugins/safetensors/plain.c \
	plugins/safetensors/safetensors.c \
	plugins/safetensors/safetensors.h \
	plugins/safetensors/sort.c \
	plugins/safetensors/text.c \
	plugins/safetensors/write.c
shell_tests += \
	plugins/safetensors/tests/folder.sh \
	plugins/safetensors/tests/gguf.sh \
	plugins/safetensors/tests/golden.sh \
	plugins/safetensors/tests/malformed.sh \
	plugins/safetensors/tests/many.sh \
	plugins/safetensors/tests/set.sh \
	plugins/safetensors/tests/target.sh

dist_man_MANS += plugins/safetensors/tenon-safetensors.7

unit_tests += plugins/safetensors/tests/test_metadata plugins/safetensors/tests/test_metadata_bad plugins/safetensors/tests/test_names
plugins_safetensors_tests_test_names_SOURCES = plugins/safetensors/tests/test_names.c plugins/safetensors/names.c
safetensors_kit = plugins/safetensors/tests/kit.c plugins/safetensors/tests/kit.h
plugins_safetensors_tests_test_metadata_bad_SOURCES = plugins/safetensors/tests/test_metadata_bad.c $(safetensors_kit)
plugins_safetensors_tests_test_metadata_SOURCES = plugins/safetensors/tests/test_metadata.c $(safetensors_kit)
plugins/safetensors/tests/test_%.o: AM_CPPFLAGS += -include $(srcdir)/tests/marks.h

if MODULE_safetensors
plugin_LTLIBRARIES += plugins/safetensors.la
plugins_safetensors_la_SOURCES = $(safetensors_sources)
plugins_safetensors_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_safetensors_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_safetensors_la_LIBADD = pluginlib/libpluginlib.la
endif

if BUILTIN_safetensors
noinst_LTLIBRARIES += plugins/libsafetensors.la
plugins_libsafetensors_la_SOURCES = $(safetensors_sources)
plugins_libsafetensors_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=safetensors
core_libcore_la_LIBADD += plugins/libsafetensors.la
endif
