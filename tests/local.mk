# SPDX-License-Identifier: MIT
# ---- what is run -------------------------------------------------------------------------------------------
# A test in C is a Check program: a line here; its source is the same name with .c. It is linked with the whole core, and
# sees the core's headers.
unit_tests += \
	tests/sweep/test_stack \
	tests/sweep/test_sweep \
	tests/unit/base/test_error \
	tests/unit/base/test_escape \
	tests/unit/base/test_glob \
	tests/unit/base/test_hash \
	tests/unit/base/test_io \
	tests/unit/base/test_budget \
	tests/unit/base/test_key \
	tests/unit/base/test_pool \
	tests/unit/catalog/test_names \
	tests/unit/catalog/test_value \
	tests/unit/catalog/test_value_tree \
	tests/unit/codec/test_wire \
	tests/unit/context/test_codecs \
	tests/unit/context/test_config \
	tests/unit/context/test_debug \
	tests/unit/context/test_dtype \
	tests/unit/context/test_installed \
	tests/unit/context/test_option \
	tests/unit/context/test_registry \
	tests/unit/context/test_settings \
	tests/unit/context/test_signatures \
	tests/unit/context/test_trust \
	tests/unit/kernels/test_cast \
	tests/unit/kernels/test_cast_count \
	tests/unit/kernels/test_checksum \
	tests/unit/kernels/test_sha256 \
	tests/unit/kernels/test_swap \
	tests/unit/kernels/test_permute \
	tests/unit/pluginlib/test_json_any \
	tests/unit/pluginlib/test_number \
	tests/unit/pluginlib/test_odometer \
	tests/unit/sink/test_atomic \
	tests/unit/sink/test_atomic_set \
	tests/unit/sink/test_held \
	tests/unit/sink/test_lock \
	tests/unit/sink/test_reflink \
	tests/unit/sink/test_rights \
	tests/unit/sink/test_sink \
	tests/unit/sink/test_tree \
	tests/unit/source/test_blocks \
	tests/unit/source/test_decoder \
	tests/unit/source/test_file_pool \
	tests/unit/source/test_listing \
	tests/unit/source/test_spool_file \
	tests/unit/transfer/test_grid \
	tests/unit/transfer/test_grid_bad \
	tests/unit/transfer/test_request \
	tests/unit/transfer/test_tile \
	tests/unit/transfer/test_transfer

# A test in shell is an executable file; it ends by printing a line like Check's:
#   100%: Checks: 12, Failures: 0, Errors: 0
shell_tests += \
	tests/check/frame.sh \
	tests/cli/cat.sh \
	tests/cli/completion.sh \
	tests/cli/config.sh \
	tests/cli/diagnostics.sh \
	tests/cli/convert.sh \
	tests/cli/escape.sh \
	tests/cli/hash.sh \
	tests/cli/losses.sh \
	tests/cli/ls.sh \
	tests/cli/output.sh \
	tests/cli/registry.sh \
	tests/cli/rivals.sh \
	tests/cli/signatures.sh \
	tests/cli/unreadable.sh \
	tests/cli/usage.sh \
	tests/cli/verify.sh \
	tests/docs/tables.sh \
	tests/walls.sh

# The same for tests that want plugins to be loaded at run time: left out with --disable-dlopen.
module_unit_tests = \
	tests/abi/test_aliases \
	tests/abi/test_append \
	tests/abi/test_arrays \
	tests/abi/test_bad_readers \
	tests/abi/test_bad_stores \
	tests/abi/test_bad_writers \
	tests/abi/test_binaries \
	tests/abi/test_cards \
	tests/abi/test_carry \
	tests/abi/test_carry_records \
	tests/abi/test_casts \
	tests/abi/test_container \
	tests/abi/test_container_nested \
	tests/abi/test_debug \
	tests/abi/test_describe \
	tests/abi/test_dlpack \
	tests/abi/test_filter_option \
	tests/abi/test_filters \
	tests/abi/test_folder \
	tests/abi/test_folder_races \
	tests/abi/test_folder_write \
	tests/abi/test_grid \
	tests/abi/test_index \
	tests/abi/test_isolated_filters \
	tests/abi/test_item_filters \
	tests/abi/test_isolation \
	tests/abi/test_metadata \
	tests/abi/test_keys \
	tests/abi/test_look \
	tests/abi/test_misuse \
	tests/abi/test_metadata_items \
	tests/abi/test_metadata_text \
	tests/abi/test_output \
	tests/abi/test_parallel \
	tests/abi/test_parts \
	tests/abi/test_pipe \
	tests/abi/test_put_grid \
	tests/abi/test_put_grid_many \
	tests/abi/test_plan_list \
	tests/abi/test_plan_size \
	tests/abi/test_plugins \
	tests/abi/test_reading \
	tests/abi/test_read_tensor \
	tests/abi/test_recast \
	tests/abi/test_readers \
	tests/abi/test_recognise \
	tests/abi/test_rules \
	tests/abi/test_save_options \
	tests/abi/test_served \
	tests/abi/test_shards \
	tests/abi/test_shards_index \
	tests/abi/test_strides \
	tests/abi/test_strides_saved \
	tests/abi/test_strides_wrong \
	tests/abi/test_state \
	tests/abi/test_streams \
	tests/abi/test_sums \
	tests/abi/test_store \
	tests/abi/test_store_write \
	tests/abi/test_together \
	tests/abi/test_two_contexts \
	tests/abi/test_typed \
	tests/abi/test_unreadable \
	tests/abi/test_unreadable_saved \
	tests/abi/test_write \
	tests/abi/test_writer \
	tests/faults/test_disk \
	tests/faults/test_formats \
	tests/faults/test_kill \
	tests/faults/test_large \
	tests/faults/test_memory \
	tests/faults/test_open \
	tests/faults/test_stores \
	tests/faults/test_tree \
	tests/unit/context/test_loader \
	tests/unit/context/test_pin \
	tests/unit/codec/test_locate \
	tests/unit/open/test_threads
module_shell_tests += \
	tests/abi/nm.sh \
	tests/abi/promise.sh \
	tests/cli/diagnostics_config.sh \
	tests/cli/edit.sh \
	tests/check/mocks.sh \
	tests/check/tree.sh \
	tests/cli/trees.sh \
	tests/cli/folder.sh \
	tests/cli/metadata.sh \
	tests/cli/new_plugin.sh \
	tests/docs/examples.sh \
	tests/docs/zstd.sh

# json-c, which only the command needs, is the judge of these.
json_tests = \
	tests/unit/pluginlib/test_json \
	tests/unit/pluginlib/test_json_numbers
if COMMAND
unit_tests += $(json_tests)
endif

# What several C tests share.
if HAVE_CHECK
check_libraries = tests/abi/libkit.la
check_LTLIBRARIES += tests/filters/libfilterkit.la
endif
tests_filters_libfilterkit_la_SOURCES = tests/filters/kit.c tests/filters/kit.h
tests_abi_libkit_la_SOURCES = tests/abi/aged.c tests/abi/aged.h tests/abi/layout.c tests/abi/layout.h tests/abi/boxes.c tests/abi/boxes.h tests/abi/gridkit.c tests/abi/gridkit.h tests/abi/kit.c tests/abi/kit.h tests/abi/kit_bytes.c tests/abi/lay.c tests/abi/lay.h tests/abi/scripts.c tests/abi/scripts.h tests/abi/sets.c tests/abi/sets.h

# Plugins for the tests, toys and misbehaving ones: tests/abi/plugins/NAME.c becomes tests/abi/plugins/.libs/NAME.so.
# Two lines for each: its name, and its flags.
test_plugins = \
	tests/abi/plugins/bad.la \
	tests/abi/plugins/baderrors.la \
	tests/abi/plugins/badfilter.la \
	tests/abi/plugins/badgrid.la \
	tests/abi/plugins/badmeta.la \
	tests/abi/plugins/badparts.la \
	tests/abi/plugins/badrules.la \
	tests/abi/plugins/badstate.la \
	tests/abi/plugins/badstore.la \
	tests/abi/plugins/badwrite.la \
	tests/abi/plugins/broken.la \
	tests/abi/plugins/future.la \
	tests/abi/plugins/hostile.la \
	tests/abi/plugins/nextmajor.la \
	tests/abi/plugins/noentry.la \
	tests/abi/plugins/old.la \
	tests/abi/plugins/caller.la \
	tests/abi/plugins/crate.la \
	tests/abi/plugins/pack.la \
	tests/abi/plugins/toyblock.la \
	tests/abi/plugins/toybox.la \
	tests/abi/plugins/toycards.la \
	tests/abi/plugins/toychunks.la \
	tests/abi/plugins/toydump.la \
	tests/abi/plugins/toyfirst.la \
	tests/abi/plugins/toygrid.la \
	tests/abi/plugins/toylay.la \
	tests/abi/plugins/toylog.la \
	tests/abi/plugins/toypipe.la \
	tests/abi/plugins/toyplain.la \
	tests/abi/plugins/toyraw.la \
	tests/abi/plugins/toyscript.la \
	tests/abi/plugins/toyset.la \
	tests/abi/plugins/toystate.la \
	tests/abi/plugins/toysum.la \
	tests/abi/plugins/toytext.la \
	tests/abi/plugins/toytied.la \
	tests/abi/plugins/toytwin.la \
	tests/abi/plugins/toyxor.la \
	tests/abi/plugins/tree.la \
	tests/abi/plugins/undefined.la \
	tests/unit/context/plugins/blank.la \
	tests/unit/context/plugins/lone.la \
	tests/unit/context/plugins/newer.la \
	tests/unit/context/plugins/nextmajor.la \
	tests/unit/context/plugins/unwilling.la
TEST_MODULE_FLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_abi_plugins_bad_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_baderrors_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_badfilter_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_badgrid_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_badmeta_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_badparts_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_badrules_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_badstore_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_badstate_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_badwrite_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_broken_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_future_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_hostile_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_nextmajor_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_noentry_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_old_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toyblock_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toybox_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toycards_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toychunks_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toydump_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toyfirst_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toygrid_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toylay_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toylog_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toypipe_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toyplain_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toyraw_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toyscript_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toyset_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toystate_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toysum_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toytext_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toytied_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toytwin_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toyxor_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_caller_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_crate_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_pack_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_tree_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_undefined_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_unit_context_plugins_blank_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_unit_context_plugins_lone_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_unit_context_plugins_newer_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_unit_context_plugins_nextmajor_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_unit_context_plugins_unwilling_la_LDFLAGS = $(TEST_MODULE_FLAGS)
tests_abi_plugins_toyraw_la_SOURCES = tests/abi/plugins/toyraw.c tests/abi/plugins/toyraw.h tests/abi/plugins/toyraw_write.c

# A library that makes calls of the C library fail, loaded before it (tests/faults/faults.h). It takes the place of malloc: no
# sanitizer, and nothing that the compiler thinks that it knows of malloc.
test_plugins += tests/faults/faults.la
tests_faults_faults_la_SOURCES = tests/faults/faults.c tests/faults/faults.h tests/faults/faults_calls.h tests/faults/faults_memory.c
tests_faults_faults_la_CFLAGS = $(BASE_CFLAGS) $(WARNING_CFLAGS) $(PTHREAD_CFLAGS) -fno-builtin
tests_faults_faults_la_LDFLAGS = $(HARDENING_LDFLAGS) $(PTHREAD_CFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_faults_faults_la_LIBADD = $(DL_LIBS) $(PTHREAD_LIBS)
fault_rig = tests/faults/rig.c tests/faults/rig.h tests/faults/faults.h
tests_faults_test_disk_SOURCES = tests/faults/test_disk.c $(fault_rig)
tests_faults_test_formats_SOURCES = tests/faults/test_formats.c $(fault_rig)
tests_faults_test_kill_SOURCES = tests/faults/test_kill.c $(fault_rig)
tests_faults_test_large_SOURCES = tests/faults/test_large.c $(fault_rig)
tests_faults_test_memory_SOURCES = tests/faults/test_memory.c $(fault_rig)
tests_faults_test_open_SOURCES = tests/faults/test_open.c $(fault_rig)
tests_faults_test_stores_SOURCES = tests/faults/test_stores.c $(fault_rig)
tests_faults_test_tree_SOURCES = tests/faults/test_tree.c $(fault_rig)

# The tests are compiled with tests/marks.h before everything else.
tests/unit/%.o tests/abi/test_%.o tests/sweep/test_%.o plugins/gguf/tests/test_%.o plugins/npz/tests/test_%.o plugins/zip/tests/test_%.o \
tests/abi/aged.lo tests/abi/aged.o tests/abi/boxes.lo tests/abi/boxes.o tests/abi/gridkit.lo tests/abi/gridkit.o tests/abi/kit.lo tests/abi/kit.o tests/abi/kit_bytes.lo tests/abi/kit_bytes.o tests/abi/lay.lo tests/abi/lay.o tests/abi/scripts.lo tests/abi/scripts.o tests/abi/sets.lo tests/abi/sets.o: AM_CPPFLAGS += -include $(srcdir)/tests/marks.h
EXTRA_DIST += build-aux/abi-page tests/abi/freeze tests/abi/frozen tests/abi/layout tests/abi/baseline tests/abi/binaries
EXTRA_DIST += tests/collide.h tests/draw.h tests/marks.h tests/openat2.h tests/small_stack.h tests/values.h
# What is installed has small frames; tests and measurements may have large ones.
tests/%.o tests/%.lo bench/%.o plugins/gguf/tests/%.o plugins/npz/tests/%.o plugins/pt/tests/%.o plugins/safetensors/tests/%.o plugins/zarr/tests/%.o plugins/zip/tests/%.o: FRAME_CFLAGS =

tests_unit_context_test_loader_SOURCES = tests/unit/context/test_loader.c tests/unit/context/loader_kit.h
tests_unit_context_test_pin_SOURCES = tests/unit/context/test_pin.c tests/unit/context/loader_kit.h
tests_unit_transfer_test_grid_SOURCES = tests/unit/transfer/test_grid.c tests/unit/transfer/grid_sample.h
tests_unit_transfer_test_grid_bad_SOURCES = tests/unit/transfer/test_grid_bad.c tests/unit/transfer/grid_sample.h
tests_unit_source_test_blocks_LDADD = $(DEFLATE_LDADD)
tests_unit_source_test_decoder_LDADD = $(DEFLATE_LDADD)

# json-c is the judge of pluginlib.
tests_unit_pluginlib_test_json_SOURCES = tests/unit/pluginlib/test_json.c tests/unit/pluginlib/json_peer.h
tests_unit_pluginlib_test_json_CPPFLAGS = $(AM_CPPFLAGS) $(JSON_C_CFLAGS)
tests_unit_pluginlib_test_json_LDADD = $(LDADD) $(JSON_C_LIBS)

# What .ci/run does under ThreadSanitizer (make check-threads), and in a build without dlopen (make check-builtin). In one
# without the command it compares the layers alone (make check-walls): the programs of the tests are built often enough.
thread_tests = \
	tests/abi/test_output \
	tests/abi/test_parallel \
	tests/abi/test_put_grid_many \
	tests/abi/test_readers \
	tests/unit/base/test_pool \
	tests/unit/codec/test_locate \
	tests/unit/open/test_threads \
	tests/unit/sink/test_atomic_set \
	tests/unit/sink/test_lock \
	tests/unit/source/test_file_pool \
	tests/unit/transfer/test_grid_bad \
	tests/unit/transfer/test_tile
builtin_tests = tests/embed.sh tests/walls.sh $(filter %/golden.sh,$(shell_tests))
# What .ci/run does in builds that lack one or both of the libraries for deflate (make check-deflate).
deflate_tests = \
	plugins/npz/tests/golden.sh \
	plugins/npz/tests/test_zip_data \
	tests/unit/kernels/test_checksum \
	plugins/deflate/tests/test_framed \
	plugins/deflate/tests/test_raw \
	tests/unit/source/test_blocks \
	tests/unit/source/test_decoder
# The tests of a build with another compiler (make check-compiler): those in C of code that compilers may translate otherwise,
# kernels, codecs and filters. All else is compiled, and the fuzzers are built with clang and run the whole core.
compiler_tests = $(filter-out tests/faults/% tests/sweep/% tests/abi/% tests/unit/base/test_pool,$(unit_tests) $(module_unit_tests)) \
	tests/abi/test_binaries tests/abi/test_casts tests/abi/test_dlpack tests/abi/test_plugins tests/abi/test_reading \
	tests/abi/test_strides tests/walls.sh tests/abi/nm.sh
# The tests of a build with sanitizers (make check-sanitized): all but those of sources and symbols, and those that hold
# plugins to the rules, for which tenon check-plugin has ways of its own.
sanitized_tests = $(filter-out tests/walls.sh tests/abi/nm.sh tests/abi/promise.sh tests/check/mocks.sh tests/check/tree.sh tests/docs/tables.sh,$(TESTS))
# What `make check-valgrind` runs. It takes too long for sweeps, and for what needs many threads or millions of items, and
# does not work in isolated processes, nor know openat2; the sanitizers see those.
valgrind_too_long = \
	plugins/npz/tests/test_metadata_bad \
	plugins/npz/tests/test_nested \
	plugins/npz/tests/test_quine \
	plugins/npz/tests/test_zip \
	plugins/npz/tests/test_zip_data \
	plugins/npz/tests/test_zip_headers \
	plugins/bzip2/tests/test_filter \
	plugins/xz/tests/test_filter \
	plugins/zstd/tests/test_filter \
	plugins/safetensors/tests/test_metadata \
	tests/abi/test_bad_stores \
	tests/abi/test_filters \
	tests/abi/test_folder \
	tests/abi/test_folder_races \
	tests/abi/test_folder_write \
	tests/abi/test_isolated_filters \
	tests/abi/test_isolation \
	tests/abi/test_item_filters \
	tests/abi/test_keys \
	tests/abi/test_output \
	tests/abi/test_parallel \
	tests/abi/test_parts \
	tests/abi/test_put_grid_many \
	tests/abi/test_readers \
	tests/abi/test_rules \
	tests/abi/test_store \
	tests/abi/test_streams \
	tests/abi/test_together \
	tests/abi/test_two_contexts \
	tests/abi/test_unreadable \
	tests/abi/test_unreadable_saved \
	tests/unit/base/test_pool \
	tests/unit/codec/test_locate \
	plugins/deflate/tests/test_framed \
	plugins/deflate/tests/test_raw \
	tests/unit/kernels/test_swap \
	tests/unit/kernels/test_permute \
	tests/unit/sink/test_sink \
	tests/unit/sink/test_tree \
	tests/unit/source/test_blocks \
	tests/unit/source/test_listing \
	tests/unit/pluginlib/test_json \
	tests/unit/pluginlib/test_json_numbers \
	tests/unit/transfer/test_grid \
	tests/unit/transfer/test_grid_bad \
	tests/unit/transfer/test_request \
	tests/unit/transfer/test_tile \
	tests/unit/transfer/test_transfer
valgrind_unit_tests = $(filter-out tests/sweep/% tests/faults/% $(valgrind_too_long),$(unit_tests) $(module_unit_tests))
valgrind_shell_tests += tests/cli/losses.sh

# ---- how -----------------------------------------------------------------------------------------------------
TEST_EXTENSIONS = .sh
# `run` sets TENON, TENON_PLUGIN_PATH and so on, see run.in.
noinst_SCRIPTS = run
LOG_COMPILER = ./run
SH_LOG_COMPILER = ./run
LDADD = $(check_libraries) core/libcore.la $(CHECK_LIBS) $(LIBM)

# Plugins that tests/check/mocks.sh compiles.
mocks = archive.c blocks.c directory.h filter.c grid.c mock.h nest.c plain.c plain.h plain_write.c scalar.c served.c
EXTRA_DIST += $(mocks:%=tests/check/mocks/%)
EXTRA_DIST += tests/unit/deflate_filter.h tests/walls.sh tests/calls.awk tests/commands.sh tests/dist.sh tests/embed.sh tests/installcheck.sh tests/plugin.sh tests/total tests/logged tests/valgrind tests/valgrind.supp run.in

if HAVE_CHECK
check_LTLIBRARIES += $(check_libraries)
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
if DLOPEN
check_LTLIBRARIES += $(test_plugins)
check_PROGRAMS += $(module_unit_tests)
TESTS += $(module_unit_tests)
endif
# Tests in shell run the command, but for this one.
if COMMAND
TESTS += $(shell_tests)
if DLOPEN
TESTS += $(module_shell_tests)
endif
else
TESTS += tests/walls.sh
endif
else
check_DATA = check-is-missing
check-is-missing:
	@echo 'make check needs the library Check. Debian, Ubuntu: apt-get install check; Fedora: dnf install check-devel;'; \
	echo 'macOS: brew install check; then configure again. ./quickstart check does all of it.'; exit 1
endif

tests/abi/plugins/%.la tests/unit/context/plugins/%.la: AM_CPPFLAGS = $(PUBLIC_CPPFLAGS)

# ---- fuzzers: tests/fuzz/fuzz_NAME.c, with libFuzzer when configured with CC=clang --enable-fuzzers -------------------
# Otherwise they are tests like others: each runs its seeds, those in tests/fuzz/seeds/NAME.
# Three lines for each: its name, its sources, its libraries.
fuzzers = tests/fuzz/fuzz_append \
	tests/fuzz/fuzz_convert \
	tests/fuzz/fuzz_filters \
	tests/fuzz/fuzz_gguf \
	tests/fuzz/fuzz_metadata \
	tests/fuzz/fuzz_open \
	tests/fuzz/fuzz_pt \
	tests/fuzz/fuzz_quants \
	tests/fuzz/fuzz_read \
	tests/fuzz/fuzz_safetensors \
	tests/fuzz/fuzz_set \
	tests/fuzz/fuzz_zarr \
	tests/fuzz/fuzz_zip
if COMMAND
fuzzers += tests/fuzz/fuzz_json
endif
FUZZ_LDADD = tests/fuzz/libfuzz.la core/libcore.la $(LIBM)
tests_fuzz_libfuzz_la_SOURCES = tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/make.h tests/fuzz/make_file.c \
	tests/fuzz/make_gguf.c tests/fuzz/make_npy.c tests/fuzz/make_pt.c tests/fuzz/make_safetensors.c tests/fuzz/make_zarr.c tests/fuzz/make_zip.c \
	tests/fuzz/reading.c tests/fuzz/recipe.c tests/fuzz/same.c tests/fuzz/saving.c
tests_fuzz_fuzz_append_SOURCES = tests/fuzz/fuzz_append.c $(fuzz_main)
tests_fuzz_fuzz_convert_SOURCES = tests/fuzz/fuzz_convert.c $(fuzz_main)
tests_fuzz_fuzz_filters_SOURCES = tests/fuzz/fuzz_filters.c $(fuzz_main)
tests_fuzz_fuzz_gguf_SOURCES = tests/fuzz/fuzz_gguf.c $(fuzz_main)
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(fuzz_main)
tests_fuzz_fuzz_metadata_SOURCES = tests/fuzz/fuzz_metadata.c $(fuzz_main)
tests_fuzz_fuzz_open_SOURCES = tests/fuzz/fuzz_open.c $(fuzz_main)
tests_fuzz_fuzz_pt_SOURCES = tests/fuzz/fuzz_pt.c $(fuzz_main)
tests_fuzz_fuzz_quants_SOURCES = tests/fuzz/fuzz_quants.c $(fuzz_main)
tests_fuzz_fuzz_read_SOURCES = tests/fuzz/fuzz_read.c $(fuzz_main)
tests_fuzz_fuzz_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c $(fuzz_main)
tests_fuzz_fuzz_set_SOURCES = tests/fuzz/fuzz_set.c $(fuzz_main)
tests_fuzz_fuzz_zarr_SOURCES = tests/fuzz/fuzz_zarr.c $(fuzz_main)
tests_fuzz_fuzz_zip_SOURCES = tests/fuzz/fuzz_zip.c $(fuzz_main)
tests_fuzz_fuzz_append_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_convert_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_filters_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_gguf_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_json_LDADD = $(FUZZ_LDADD) $(JSON_C_LIBS)
tests_fuzz_fuzz_metadata_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_open_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_pt_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_quants_LDADD = $(FUZZ_LDADD) plugins/gguf/libquants.la $(LIBM)
tests_fuzz_fuzz_read_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_safetensors_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_set_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_zarr_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_zip_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_json_CPPFLAGS = $(AM_CPPFLAGS) $(JSON_C_CFLAGS)

FUZZ_SECONDS = 60
FUZZ_FLAGS =
FUZZ_ONLY = $(fuzzers)
if FUZZERS
noinst_LTLIBRARIES += tests/fuzz/libfuzz.la
noinst_PROGRAMS += $(fuzzers)
tests/fuzz/%: AM_LDFLAGS += $(FUZZER_LDFLAGS)

# Begins with the seeds, those of the plugins for fuzz_open; what is found lies in checks/fuzz/NAME, and the corpus as well.
fuzzers: $(fuzzers)
fuzz: fuzzers run
	@for fuzzer in $(FUZZ_ONLY); do target=$${fuzzer##*/fuzz_} && \
	  found=checks/fuzz/$$target && $(MKDIR_P) $$found/corpus && seeds=$(srcdir)/tests/fuzz/seeds/$$target && \
	  { test $$target != open || seeds=`echo $(srcdir)/plugins/*/seeds`; } && \
	  ./run ./$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=60 -print_final_stats=1 $(FUZZ_FLAGS) \
	    -dict=$(srcdir)/tests/fuzz/dictionary -artifact_prefix=$$found/ $$found/corpus $$seeds || exit 1; \
	done
else
fuzz_main = tests/fuzz/main.c
if HAVE_CHECK
check_LTLIBRARIES += tests/fuzz/libfuzz.la
check_PROGRAMS += $(fuzzers)
TESTS += $(fuzzers)
endif
fuzz:
	@echo 'make fuzz needs a build of its own: configure CC=clang --enable-fuzzers'; exit 1
endif

# ---- more checks than `make check`, which needs neither network nor Python --------------------------------------------
venv/.done: tests/interop/requirements.txt
	$(SHELL) $(srcdir)/build-aux/python-venv venv $(srcdir)/tests/interop/requirements.txt
	@touch $@

# The two versions of zarr-python cannot be imported beside each other.
venv-zarr2/.done: venv/.done tests/interop/requirements-zarr2.txt
	$(SHELL) $(srcdir)/build-aux/python-venv venv-zarr2 $(srcdir)/tests/interop/requirements-zarr2.txt venv
	@touch $@

# test_bench.py imports the package, as the measurements of it do.
check-interop: all python venv/.done venv-zarr2/.done
	@PYTHON='$(abs_builddir)/venv/bin/python' $(srcdir)/tests/logged checks/interop.log ./run $(srcdir)/tests/interop/run

# PyTorch is a download of 600 MB, so its tests are a job of their own, and so are those of JAX. Where they cannot be had they are skipped.
venv-torch/.done: venv/.done build-aux/torch-venv tests/interop/requirements-torch.txt
	$(SHELL) $(srcdir)/build-aux/torch-venv venv-torch $(srcdir)/tests/interop/requirements-torch.txt venv
	@touch $@

# JAX has threads, and the tests of torch fork: each has a process.
check-torch: all python venv-python/.done
	@$(MAKE) $(AM_MAKEFLAGS) venv-torch/.done || { echo 'skipped: torch cannot be installed here'; exit 0; }; \
	failed=0; \
	PYTHON='$(abs_builddir)/venv-torch/bin/python' $(srcdir)/tests/logged checks/torch.log ./run $(srcdir)/tests/interop/run '' '' torch/ || failed=1; \
	for framework in torch jax; do \
	  PYTHONPATH='$(abs_builddir)'/python/site:`echo '$(abs_builddir)'/venv-python/lib/python*/site-packages` PYTHONDONTWRITEBYTECODE=1 \
	  $(srcdir)/tests/logged checks/python-$$framework.log ./run venv-torch/bin/python -m pytest -q -p no:cacheprovider \
	    -c $(srcdir)/python/pyproject.toml $(srcdir)/python/tests/frameworks/test_*$$framework*.py $(PYTEST_FLAGS) || failed=1; \
	done; \
	exit $$failed

check-valgrind: all
	$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS) $(check_LTLIBRARIES)
	./run $(srcdir)/tests/valgrind checks/valgrind $(valgrind_unit_tests) $(valgrind_shell_tests)

# A part of the tests, which builds only its own programs. '+': make finds no $(MAKE) in the line of a recipe, and would run one job.
PART = $(MAKE) $(AM_MAKEFLAGS) check
check-threads:
	+$(PART) TESTS='$(thread_tests)' check_PROGRAMS='$(filter-out %.sh,$(thread_tests))'
check-builtin:
	+$(PART) TESTS='$(builtin_tests)' check_PROGRAMS=
check-walls: all
	@$(srcdir)/tests/logged tests/walls.log ./run $(srcdir)/tests/walls.sh
check-compiler:
	+$(PART) TESTS='$(compiler_tests)' check_PROGRAMS='$(filter-out %.sh,$(compiler_tests))'
check-sanitized:
	+$(PART) TESTS='$(sanitized_tests)'
check-deflate:
	+$(PART) TESTS='$(deflate_tests)' check_PROGRAMS='$(filter-out %.sh,$(deflate_tests))'

# In a cross build of its own, in ./aarch64: see the script. '+' shares the jobs of this make.
check-aarch64:
	+@$(srcdir)/tests/logged checks/aarch64.log env MAKE='$(MAKE)' $(SHELL) $(srcdir)/tests/aarch64.sh

clean-tests:
	rm -rf checks
distclean-venv:
	rm -rf aarch64 venv venv-python venv-torch venv-wheel venv-zarr2 peers

.PHONY: fuzz fuzzers check-aarch64 check-interop check-torch check-valgrind check-threads check-builtin check-walls check-compiler check-sanitized check-deflate clean-tests distclean-venv check-is-missing
