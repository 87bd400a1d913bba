# SPDX-License-Identifier: MIT
# libtenon. Everything is compiled once, into libcore, from which the shared library and the unit tests are linked: the
# tests see what the library hides.
noinst_LTLIBRARIES += core/libcore.la
core_libcore_la_SOURCES = \
	core/base/base.h \
	core/base/budget.c \
	core/base/budget.h \
	core/base/error.c \
	core/base/hash.h \
	core/base/io.c \
	core/base/io.h \
	core/base/memory.c \
	core/base/nearest.c \
	core/base/nearest.h \
	core/base/pool.c \
	core/base/pool.h \
	core/base/report.c \
	core/base/report.h \
	core/base/version.c \
	core/catalog/catalog.c \
	core/catalog/catalog.h \
	core/catalog/file.c \
	core/catalog/file.h \
	core/catalog/shape.c \
	core/catalog/shape.h \
	core/catalog/value.c \
	core/catalog/value.h \
	core/catalog/value_same.c \
	core/codec/batch.c \
	core/codec/batch.h \
	core/codec/call.c \
	core/codec/call.h \
	core/codec/describe.c \
	core/codec/describe.h \
	core/codec/host.c \
	core/codec/host.h \
	core/codec/host_describe.c \
	core/codec/host_file.c \
	core/codec/host_items.c \
	core/codec/host_member.c \
	core/codec/host_read.c \
	core/codec/host_sources.c \
	core/codec/host_write.c \
	core/codec/isolated.c \
	core/codec/isolated.h \
	core/codec/isolation.c \
	core/codec/isolation.h \
	core/codec/member.c \
	core/codec/member.h \
	core/codec/recognise.c \
	core/codec/recognise.h \
	core/codec/session.h \
	core/codec/storable.c \
	core/codec/storable.h \
	core/codec/wire.c \
	core/codec/wire.h \
	core/codec/write.c \
	core/codec/write.h \
	core/codec/write_tensor.c \
	core/context/acl.c \
	core/context/acl.h \
	core/context/builtin.h \
	core/context/codec_settings.c \
	core/context/config.c \
	core/context/config.h \
	core/context/context.c \
	core/context/context.h \
	core/context/hash_key.c \
	core/context/hash_key.h \
	core/context/loader.c \
	core/context/loader.h \
	core/context/lookup.c \
	core/context/option.c \
	core/context/option.h \
	core/context/registry.c \
	core/context/registry.h \
	core/context/registry_copy.c \
	core/context/registry_copy.h \
	core/context/settings.c \
	core/context/settings.h \
	core/context/settings_ini.c \
	core/context/settings_ini.h \
	core/context/settings_read.c \
	core/context/settings_read.h \
	core/context/trust.c \
	core/context/trust.h \
	core/isolate/channel.c \
	core/isolate/channel.h \
	core/isolate/sandbox.c \
	core/isolate/sandbox.h \
	core/isolate/zygote.c \
	core/isolate/zygote.h \
	core/kernels/cast.c \
	core/kernels/cast.h \
	core/kernels/cast_fast.c \
	core/kernels/cast_fast.h \
	core/kernels/cast_small.c \
	core/kernels/cast_small.h \
	core/kernels/checksum.c \
	core/kernels/checksum.h \
	core/kernels/deflate.c \
	core/kernels/deflate.h \
	core/kernels/deflate_isal.c \
	core/kernels/deflate_isal.h \
	core/kernels/deflate_zlib.c \
	core/kernels/deflate_zlib.h \
	core/kernels/swap.c \
	core/kernels/swap.h \
	core/kernels/transpose.c \
	core/kernels/transpose.h \
	core/open/carry_restore.c \
	core/open/carry_restore.h \
	core/open/open.c \
	core/open/read.c \
	core/open/shards.c \
	core/open/shards.h \
	core/open/verify.c \
	core/plan/metadata_text.c \
	core/plan/plan.c \
	core/plan/plan.h \
	core/save/append.c \
	core/save/append.h \
	core/save/carry.c \
	core/save/carry.h \
	core/save/check.c \
	core/save/check.h \
	core/save/save.c \
	core/sink/atomic.c \
	core/sink/atomic.h \
	core/sink/atomic_file.c \
	core/sink/atomic_file.h \
	core/sink/destination.c \
	core/sink/destination.h \
	core/sink/encode_sink.c \
	core/sink/encode_sink.h \
	core/sink/encoder.c \
	core/sink/encoder.h \
	core/sink/rights.c \
	core/sink/rights.h \
	core/sink/sink.c \
	core/sink/sink.h \
	core/sink/temporary.c \
	core/sink/temporary.h \
	core/source/apart.c \
	core/source/apart.h \
	core/source/apart_child.c \
	core/source/decoder.c \
	core/source/decoder.h \
	core/source/folder.c \
	core/source/readahead.c \
	core/source/readahead.h \
	core/source/scan.c \
	core/source/scan.h \
	core/source/source.c \
	core/source/source.h \
	core/source/unfilter.c \
	core/source/unfilter.h \
	core/source/unpack.c \
	core/source/unpack.h \
	core/transfer/gather.c \
	core/transfer/gather.h \
	core/transfer/ordered.c \
	core/transfer/range_reader.c \
	core/transfer/range_reader.h \
	core/transfer/request.c \
	core/transfer/request.h \
	core/transfer/slab.c \
	core/transfer/slab.h \
	core/transfer/spool.c \
	core/transfer/transfer.c \
	core/transfer/transfer.h \
	core/transfer/unblock.c \
	core/transfer/unblock.h \
	core/transfer/way.c \
	core/transfer/way.h \
	core/transfer/worker.c \
	core/transfer/worker.h
nodist_core_libcore_la_SOURCES = plugins/builtin.c
core_libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(ZLIB_CFLAGS) $(INIH_CFLAGS) $(LIBDEFLATE_CFLAGS) $(ISAL_CFLAGS) \
	-DTENON_PLUGINDIR='"$(plugindir)"' -DTENON_SYSCONFDIR='"$(sysconfdir)"'
core_libcore_la_LIBADD = pluginlib/libpluginlib.la $(INIH_LIBS) $(ZLIB_LIBS) $(LIBDEFLATE_LIBS) $(ISAL_LIBS) $(DL_LIBS) $(LIBM) $(PTHREAD_LIBS)

lib_LTLIBRARIES += libtenon.la
libtenon_la_SOURCES =
libtenon_la_LIBADD = core/libcore.la
libtenon_la_LDFLAGS = $(AM_LDFLAGS) $(DEFS_LDFLAGS) -no-undefined -version-info $(TENON_VERSION_INFO)
if VERSION_SCRIPT
libtenon_la_LDFLAGS += -Wl,--version-script=$(srcdir)/core/libtenon.map
EXTRA_libtenon_la_DEPENDENCIES = core/libtenon.map
else
libtenon_la_LDFLAGS += -export-symbols-regex '^tenon_'
endif
EXTRA_DIST += core/README.md core/libtenon.map
