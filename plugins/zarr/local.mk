# SPDX-License-Identifier: MIT
zarr_sources = \
	plugins/zarr/add.c \
	plugins/zarr/array2.c \
	plugins/zarr/array3.c \
	plugins/zarr/attributes.c \
	plugins/zarr/consolidated.c \
	plugins/zarr/describe.c \
	plugins/zarr/document.c \
	plugins/zarr/fill.c \
	plugins/zarr/locate.c \
	plugins/zarr/node.c \
	plugins/zarr/read.h \
	plugins/zarr/record.c \
	plugins/zarr/sharding.c \
	plugins/zarr/state.h \
	plugins/zarr/steps.c \
	plugins/zarr/structure.c \
	plugins/zarr/type.c \
	plugins/zarr/walk.c \
	plugins/zarr/write.c \
	plugins/zarr/write.h \
	plugins/zarr/write_array.c \
	plugins/zarr/write_attribute.c \
	plugins/zarr/write_chunks.c \
	plugins/zarr/write_dtype.c \
	plugins/zarr/write_fill.c \
	plugins/zarr/write_node.c \
	plugins/zarr/write_out.c \
	plugins/zarr/write_pipeline.c \
	plugins/zarr/write_setting.c \
	plugins/zarr/write_shape.c \
	plugins/zarr/zarr.c \
	plugins/zarr/zarr.h

if MODULE_zarr
plugin_LTLIBRARIES += plugins/zarr.la
plugins_zarr_la_SOURCES = $(zarr_sources)
plugins_zarr_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_zarr_la_LDFLAGS = $(MODULE_LDFLAGS)
plugins_zarr_la_LIBADD = pluginlib/libpluginlib.la
endif

if BUILTIN_zarr
noinst_LTLIBRARIES += plugins/libzarr.la
plugins_libzarr_la_SOURCES = $(zarr_sources)
plugins_libzarr_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DTENON_BUILTIN_PLUGIN=zarr
core_libcore_la_LIBADD += plugins/libzarr.la
endif

zarr_kit = plugins/zarr/tests/kit.c plugins/zarr/tests/kit.h
unit_tests += \
	plugins/zarr/tests/test_bad \
	plugins/zarr/tests/test_describe \
	plugins/zarr/tests/test_shards
plugins_zarr_tests_test_bad_SOURCES = plugins/zarr/tests/test_bad.c $(zarr_kit)
plugins_zarr_tests_test_describe_SOURCES = plugins/zarr/tests/test_describe.c $(zarr_kit)
plugins_zarr_tests_test_shards_SOURCES = plugins/zarr/tests/test_shards.c $(zarr_kit)
shell_tests += \
	plugins/zarr/tests/golden.sh \
	plugins/zarr/tests/write.sh
dist_man_MANS += plugins/zarr/tenon-zarr.7
