# SPDX-License-Identifier: MIT
# The block dtypes need <tenon/types.h> alone: a library of their own, for the plugin, and for tests without it.
noinst_LTLIBRARIES += plugins/gguf/libquants.la
plugins_gguf_libquants_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_gguf_libquants_la_SOURCES = \
	plugins/gguf/quants/avx2.h \
	plugins/gguf/quants/bytes.h \
	plugins/gguf/quants/check.c \
	plugins/gguf/quants/check.h \
	plugins/gguf/quants/decode.h \
	plugins/gguf/quants/decode_fast.c \
	plugins/gguf/quants/decode_fast_few.c \
	plugins/gguf/quants/decode_fast_k.c \
	plugins/gguf/quants/decode_fast_plain.c \
	plugins/gguf/quants/decode_fast_values.c \
	plugins/gguf/quants/decode_few.c \
	plugins/gguf/quants/decode_fp4.c \
	plugins/gguf/quants/decode_grids.c \
	plugins/gguf/quants/decode_iq4.c \
	plugins/gguf/quants/decode_k.c \
	plugins/gguf/quants/decode_plain.c \
	plugins/gguf/quants/encode.h \
	plugins/gguf/quants/encode_fast.c \
	plugins/gguf/quants/encode_affine.c \
	plugins/gguf/quants/encode_few.c \
	plugins/gguf/quants/encode_fp4.c \
	plugins/gguf/quants/encode_iq4.c \
	plugins/gguf/quants/encode_k.c \
	plugins/gguf/quants/encode_plain.c \
	plugins/gguf/quants/fast.h \
	plugins/gguf/quants/four.h \
	plugins/gguf/quants/fp4.h \
	plugins/gguf/quants/grids.c \
	plugins/gguf/quants/grids.h \
	plugins/gguf/quants/half.h \
	plugins/gguf/quants/iq4.h \
	plugins/gguf/quants/quants.c \
	plugins/gguf/quants/quants.h \
	plugins/gguf/quants/search_affine.c \
	plugins/gguf/quants/search_affine.h \
	plugins/gguf/quants/search_codes_fast.c \
	plugins/gguf/quants/search_scale.c \
	plugins/gguf/quants/search_scale.h

gguf_sources = \
	plugins/gguf/describe.c \
	plugins/gguf/gguf.c \
	plugins/gguf/gguf.h \
	plugins/gguf/extents.c \
	plugins/gguf/filetype.c \
	plugins/gguf/infos.c \
	plugins/gguf/names.c \
	plugins/gguf/pairs.c \
	plugins/gguf/read.c \
	plugins/gguf/shapes.c \
	plugins/gguf/split.c \
	plugins/gguf/types.c \
	plugins/gguf/value.c \
	plugins/gguf/write.c \
	plugins/gguf/mlx/blocks.c \
	plugins/gguf/mlx/state.h \
	plugins/gguf/mlx/kinds.c \
	plugins/gguf/mlx/mlx.h \
	plugins/gguf/mlx/plan.c \
	plugins/gguf/mlx/serve.c \
	plugins/gguf/mlx/triples.c
GGUF_CPPFLAGS = $(PLUGIN_CPPFLAGS) -iquote $(top_srcdir)/plugins/gguf
shell_tests += \
	plugins/gguf/tests/golden.sh \
	plugins/gguf/tests/malformed.sh \
	plugins/gguf/tests/mlx.sh \
	plugins/gguf/tests/quantise.sh \
	plugins/gguf/tests/split.sh

if MODULE_gguf
plugin_LTLIBRARIES += plugins/gguf.la
plugins_gguf_la_SOURCES = $(gguf_sources)
plugins_gguf_la_CPPFLAGS = $(GGUF_CPPFLAGS)
plugins_gguf_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_gguf_la_LIBADD = plugins/gguf/libquants.la $(LIBM)
endif

if BUILTIN_gguf
noinst_LTLIBRARIES += plugins/libgguf.la
plugins_libgguf_la_SOURCES = $(gguf_sources)
plugins_libgguf_la_CPPFLAGS = $(GGUF_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=gguf
plugins_libgguf_la_LIBADD = plugins/gguf/libquants.la
core_libcore_la_LIBADD += plugins/libgguf.la
endif

dist_man_MANS += plugins/gguf/tenon-gguf.7

unit_tests += \
	plugins/gguf/tests/test_decode \
	plugins/gguf/tests/test_encode \
	plugins/gguf/tests/test_mlx \
	plugins/gguf/tests/test_quants \
	plugins/gguf/tests/test_values
# Without the library: decoders and encoders need nothing of it.
plugins_gguf_tests_test_decode_LDADD = plugins/gguf/libquants.la $(CHECK_LIBS) $(LIBM)
plugins_gguf_tests_test_encode_LDADD = plugins/gguf/libquants.la $(CHECK_LIBS) $(LIBM)
