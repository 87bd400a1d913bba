# SPDX-License-Identifier: MIT
tenonincludedir = $(includedir)/tenon
tenoninclude_HEADERS = \
	include/tenon/bytes.h \
	include/tenon/codec.h \
	include/tenon/context.h \
	include/tenon/crc.h \
	include/tenon/cursor.h \
	include/tenon/data.h \
	include/tenon/dlpack.h \
	include/tenon/errors.h \
	include/tenon/file.h \
	include/tenon/filter.h \
	include/tenon/formats.h \
	include/tenon/grow.h \
	include/tenon/host.h \
	include/tenon/json.h \
	include/tenon/json_out.h \
	include/tenon/json_any.h \
	include/tenon/json_value.h \
	include/tenon/library.h \
	include/tenon/metadata.h \
	include/tenon/number.h \
	include/tenon/odometer.h \
	include/tenon/plan.h \
	include/tenon/plugin.h \
	include/tenon/report.h \
	include/tenon/save.h \
	include/tenon/structs.h \
	include/tenon/tenon.h \
	include/tenon/types.h \
	include/tenon/writer.h
