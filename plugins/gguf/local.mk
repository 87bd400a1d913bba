# SPDX-License-Identifier: MIT
gguf_decoders = \
	plugins/gguf/decode.h \
	plugins/gguf/decode_fast.c \
	plugins/gguf/decode_iq.c \
	plugins/gguf/decode_k.c \
	plugins/gguf/decode_plain.c \
	plugins/gguf/decode_ternary.c \
	plugins/gguf/fast.h \
	plugins/gguf/grids.c \
	plugins/gguf/grids.h \
	plugins/gguf/half.h

gguf_encoders = \
	plugins/gguf/encode.h \
	plugins/gguf/encode_affine.c \
	plugins/gguf/encode_fast.c \
	plugins/gguf/encode_few.c \
	plugins/gguf/encode_fp4.c \
	plugins/gguf/encode_four.h \
	plugins/gguf/encode_iq4.c \
	plugins/gguf/encode_k.c \
	plugins/gguf/encode_plain.c \
	plugins/gguf/encode_scale.c \
	plugins/gguf/encode_search.h \
	plugins/gguf/encode_signed.c

gguf_sources = $(gguf_decoders) $(gguf_encoders) \
	plugins/gguf/check.c \
	plugins/gguf/check.h \
	plugins/gguf/describe.c \
	plugins/gguf/gguf.c \
	plugins/gguf/gguf.h \
	plugins/gguf/mlx.c \
	plugins/gguf/mlx.h \
	plugins/gguf/mlx_write.c \
	plugins/gguf/quants.c \
	plugins/gguf/quants.h \
	plugins/gguf/read.c \
	plugins/gguf/split.c \
	plugins/gguf/value.c \
	plugins/gguf/write.c
shell_tests += \
	plugins/gguf/tests/golden.sh \
	plugins/gguf/tests/malformed.sh \
	plugins/gguf/tests/mlx.sh \
	plugins/gguf/tests/quantise.sh \
	plugins/gguf/tests/split.sh

if MODULE_gguf
plugin_LTLIBRARIES += plugins/gguf.la
plugins_gguf_la_SOURCES = $(gguf_sources)
plugins_gguf_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_gguf_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_gguf_la_LIBADD = $(LIBM)
endif

if BUILTIN_gguf
noinst_LTLIBRARIES += plugins/libgguf.la
plugins_libgguf_la_SOURCES = $(gguf_sources)
plugins_libgguf_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=gguf
core_libcore_la_LIBADD += plugins/libgguf.la
endif

dist_man_MANS += plugins/gguf/tenon-gguf.7

unit_tests += plugins/gguf/tests/test_decode plugins/gguf/tests/test_encode plugins/gguf/tests/test_mlx plugins/gguf/tests/test_values
plugins_gguf_tests_test_decode_SOURCES = plugins/gguf/tests/test_decode.c $(gguf_decoders)
plugins_gguf_tests_test_encode_SOURCES = plugins/gguf/tests/test_encode.c plugins/gguf/half.h $(gguf_encoders)
