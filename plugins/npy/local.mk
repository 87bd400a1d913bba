# SPDX-License-Identifier: MIT
npy_sources = \
	plugins/npy/descr.c \
	plugins/npy/dictionary.c \
	plugins/npy/header.c \
	plugins/npy/literal.c \
	plugins/npy/npy.c \
	plugins/npy/npy.h \
	plugins/npy/words.c \
	plugins/npy/write.c
dist_man_MANS += plugins/npy/tenon-npy.7
shell_tests += \
	plugins/npy/tests/golden.sh \
	plugins/npy/tests/malformed.sh

if MODULE_npy
plugin_LTLIBRARIES += plugins/npy.la
plugins_npy_la_SOURCES = $(npy_sources)
plugins_npy_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_npy_la_LDFLAGS = $(MODULE_LDFLAGS)
endif

if BUILTIN_npy
noinst_LTLIBRARIES += plugins/libnpy.la
plugins_libnpy_la_SOURCES = $(npy_sources)
plugins_libnpy_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=npy
core_libcore_la_LIBADD += plugins/libnpy.la
endif
