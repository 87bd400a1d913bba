# SPDX-License-Identifier: MIT
pt_sources = \
	plugins/pt/archive.c \
	plugins/pt/array.c \
	plugins/pt/containers.c \
	plugins/pt/entry.c \
	plugins/pt/frames.c \
	plugins/pt/globals.c \
	plugins/pt/legacy.c \
	plugins/pt/literals.c \
	plugins/pt/metadata.c \
	plugins/pt/metadata_read.c \
	plugins/pt/metadata_write.c \
	plugins/pt/names.c \
	plugins/pt/names.h \
	plugins/pt/numpy.c \
	plugins/pt/object_write.c \
	plugins/pt/objects.c \
	plugins/pt/outline.c \
	plugins/pt/outline_make.c \
	plugins/pt/pickle_write.c \
	plugins/pt/pickle_write.h \
	plugins/pt/pt.c \
	plugins/pt/pt.h \
	plugins/pt/pt_write.h \
	plugins/pt/served.c \
	plugins/pt/shape.c \
	plugins/pt/stack.c \
	plugins/pt/storages.c \
	plugins/pt/tree.c \
	plugins/pt/unpickle.c \
	plugins/pt/value_write.c \
	plugins/pt/values.c \
	plugins/pt/visit.c \
	plugins/pt/walk.c \
	plugins/pt/write.c
dist_man_MANS += plugins/pt/tenon-pt.7
shell_tests += plugins/pt/tests/golden.sh

if MODULE_pt
plugin_LTLIBRARIES += plugins/pt.la
plugins_pt_la_SOURCES = $(pt_sources)
plugins_pt_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_pt_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_pt_la_LIBADD = pluginlib/libpluginlib.la
endif

if BUILTIN_pt
noinst_LTLIBRARIES += plugins/libpt.la
plugins_libpt_la_SOURCES = $(pt_sources)
plugins_libpt_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=pt
core_libcore_la_LIBADD += plugins/libpt.la
endif

shell_tests += plugins/pt/tests/write.sh
unit_tests += \
	plugins/pt/tests/test_again \
	plugins/pt/tests/test_archive \
	plugins/pt/tests/test_outline \
	plugins/pt/tests/test_pickle \
	plugins/pt/tests/test_pickle_asides \
	plugins/pt/tests/test_pickle_bombs \
	plugins/pt/tests/test_pickle_broken \
	plugins/pt/tests/test_spoilt \
	plugins/pt/tests/test_tensors
pt_kit = plugins/pt/tests/kit.c plugins/pt/tests/kit.h
plugins_pt_tests_test_again_SOURCES = plugins/pt/tests/test_again.c $(pt_kit)
plugins_pt_tests_test_archive_SOURCES = plugins/pt/tests/test_archive.c $(npz_archive)
plugins_pt_tests_test_outline_SOURCES = plugins/pt/tests/test_outline.c $(pt_kit)
plugins_pt_tests_test_pickle_SOURCES = plugins/pt/tests/test_pickle.c plugins/pt/tests/pickles.h $(pt_kit)
plugins_pt_tests_test_pickle_asides_SOURCES = plugins/pt/tests/test_pickle_asides.c $(pt_kit)
plugins_pt_tests_test_pickle_bombs_SOURCES = plugins/pt/tests/test_pickle_bombs.c $(pt_kit)
plugins_pt_tests_test_pickle_broken_SOURCES = plugins/pt/tests/test_pickle_broken.c plugins/pt/tests/pickles.h $(pt_kit)
plugins_pt_tests_test_spoilt_SOURCES = plugins/pt/tests/test_spoilt.c $(pt_kit)
plugins_pt_tests_test_tensors_SOURCES = plugins/pt/tests/test_tensors.c $(pt_kit)
plugins/pt/tests/test_%.o: AM_CPPFLAGS += -include $(srcdir)/tests/marks.h
