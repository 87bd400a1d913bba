/* SPDX-License-Identifier: MIT */
/* library.h - calls of the library that several commands make, with the options of every command. */
#ifndef TOOL_LIBRARY_H
#define TOOL_LIBRARY_H
#include "memory.h"

/* The options of a context, by the command line. */
tenon_context_options context_options (void);
/* A context with the settings of the command line; NULL after a message. */
tenon_context *context_new (void);
/* The flags with which every command opens files. */
uint32_t open_flags (void);
/* Opens a path, or standard input when it is "-". `format` NULL: the codec is recognised. */
tenon_status file_open (tenon_context *context, const char *path, const char *format, tenon_file **file,
                        tenon_error *error);
/* True if the tensor can be read as a dtype of the context. */
bool tensor_castable (const tenon_context *context, const tenon_file *file, const tenon_tensor_info *info,
                      uint32_t dtype);
tenon_file_info file_get (const tenon_file *file);
tenon_tensor_info tensor_get (const tenon_file *file, uint64_t index);
/* The index of a tensor; false after a message with the nearest name. */
bool tensor_find (const tenon_file *file, const char *path, const char *name, uint64_t *index);
/* False: there is no such index. */
bool metadata_get (const tenon_file *file, uint64_t index, tenon_metadata_info *info);
/* The element type of this name, in either case; TENON_NONE after a message with the nearest name. */
uint32_t dtype_find (const tenon_context *context, const char *name);

void context_clean (tenon_context **context);
void file_clean (tenon_file **file);
void report_clean (tenon_report **report);
void lock_clean (tenon_lock **lock);
void plan_clean (tenon_plan **plan);
void memory_clean (tenon_memory **memory);
#endif
