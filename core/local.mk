# libtenon. Everything is compiled once, into libcore, from which the shared library and the unit tests are linked: the
# tests see what the library hides.
noinst_LTLIBRARIES += core/libcore.la
core_libcore_la_SOURCES = \
	core/ahead.c \
	core/append.c \
	core/append.h \
	core/arena.c \
	core/arena.h \
	core/assign.c \
	core/blocks.c \
	core/builtin.h \
	core/call.c \
	core/call.h \
	core/call_describe.c \
	core/call_sources.c \
	core/carry.c \
	core/carry.h \
	core/carry_open.c \
	core/cast.c \
	core/cast.h \
	core/cast_fast.c \
	core/cast_small.c \
	core/catalog.c \
	core/catalog.h \
	core/checksum.c \
	core/checksum.h \
	core/common.h \
	core/config.c \
	core/context.c \
	core/context.h \
	core/deflate.c \
	core/deflate.h \
	core/deflate_isal.c \
	core/deflate_zlib.c \
	core/describe.c \
	core/dtype.c \
	core/encoder.c \
	core/error.c \
	core/feed.c \
	core/feed.h \
	core/file.h \
	core/formats.c \
	core/gather.c \
	core/limits.c \
	core/loader.c \
	core/loader.h \
	core/look.c \
	core/make.c \
	core/member.c \
	core/member.h \
	core/nearest.c \
	core/open.c \
	core/option.c \
	core/overlay.c \
	core/plan.c \
	core/plan.h \
	core/pool.c \
	core/pool.h \
	core/read.c \
	core/reading.h \
	core/recognise.c \
	core/registry.c \
	core/registry.h \
	core/registry_check.c \
	core/report.c \
	core/save.c \
	core/save.h \
	core/save_file.c \
	core/save_place.c \
	core/save_place.h \
	core/save_plan.c \
	core/set.c \
	core/set.h \
	core/settings.c \
	core/settings.h \
	core/settings_ini.c \
	core/sink.c \
	core/sink.h \
	core/source.c \
	core/source.h \
	core/source_folder.c \
	core/spool.c \
	core/stage.c \
	core/stage.h \
	core/stream.c \
	core/swap.c \
	core/swap.h \
	core/transfer.c \
	core/transfer.h \
	core/transpose.c \
	core/transpose.h \
	core/trust.c \
	core/util.c \
	core/value.c \
	core/value_same.c \
	core/verify.c \
	core/version.c \
	core/want.c \
	core/want.h \
	core/window.c \
	core/window.h \
	core/write.c \
	core/write.h \
	core/write_host.c \
	core/write_read.c
nodist_core_libcore_la_SOURCES = plugins/builtin.c
core_libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(ZLIB_CFLAGS) $(INIH_CFLAGS) $(LIBDEFLATE_CFLAGS) $(ISAL_CFLAGS) \
	-DTENON_PLUGINDIR='"$(plugindir)"' -DTENON_SYSCONFDIR='"$(sysconfdir)"'
core_libcore_la_LIBADD = $(INIH_LIBS) $(ZLIB_LIBS) $(LIBDEFLATE_LIBS) $(ISAL_LIBS) $(DL_LIBS) $(LIBM) $(PTHREAD_LIBS)

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
EXTRA_DIST += core/libtenon.map
