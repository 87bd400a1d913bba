# SPDX-License-Identifier: MIT
# What plugins link into themselves. It is compiled twice: as a convenience library for what is linked here, and as the
# static library that is installed, whose objects are position-independent because they end up in shared objects.
pluginlib_sources = \
	pluginlib/crc.c \
	pluginlib/crc_table.h \
	pluginlib/json.c \
	pluginlib/json_any_keeps.c \
	pluginlib/json_any_put.c \
	pluginlib/json_any_take.c \
	pluginlib/json_decimal.c \
	pluginlib/json_decimal.h \
	pluginlib/json_list.c \
	pluginlib/json_number.c \
	pluginlib/json_out.c \
	pluginlib/json_string.c \
	pluginlib/json_string.h \
	pluginlib/json_value_flat.c \
	pluginlib/json_value_flat.h \
	pluginlib/json_value_keys.c \
	pluginlib/json_value_put.c \
	pluginlib/json_value_take.c \
	pluginlib/json_value_type.c \
	pluginlib/json_word.h \
	pluginlib/number.c

noinst_LTLIBRARIES += pluginlib/libpluginlib.la
pluginlib_libpluginlib_la_SOURCES = $(pluginlib_sources)
pluginlib_libpluginlib_la_CPPFLAGS = $(PUBLIC_CPPFLAGS)

lib_LIBRARIES += pluginlib/libtenonplugin.a
pluginlib_libtenonplugin_a_SOURCES = $(pluginlib_sources)
pluginlib_libtenonplugin_a_CPPFLAGS = $(PUBLIC_CPPFLAGS)
pluginlib_libtenonplugin_a_CFLAGS = $(AM_CFLAGS) -fPIC
