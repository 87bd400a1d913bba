/* SPDX-License-Identifier: MIT */
/* tenon/writer.h - saving tensors one after the other, when not all of them, or not all shapes, are known
 * before. */
#ifndef TENON_WRITER_H
#define TENON_WRITER_H
#include <tenon/plan.h>
#include <tenon/save.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A save that gets its tensors one by one. Formats have a header before the data, or a directory that names
 * all tensors, so the bytes are kept until the end: in memory, up to a quarter of that of the save, and
 * beyond that in a temporary file without a name in the folder of the target. tenon_writer_finish saves them
 * as tenon_save does. Until then the target is untouched; a process that ends before that leaves no file. The
 * disk needs room for the temporary file and the target at once, unless its file system shares blocks. A
 * writer belongs to one thread at a time. */
typedef struct tenon_writer tenon_writer;

/* As the first dim of the shape in tenon_writer_begin: the number of bytes tells it. */
#define TENON_UNKNOWN_DIM UINT64_MAX

/* Checks path and options as far as that is possible without tensors: the format, the settings, the folder.
 * `options` may be NULL; its texts are copied, and the lock `held` must stay until the writer is freed.
 * TENON_SAVE_APPEND and the other flags mean what they mean for tenon_save. The context must outlive the
 * writer. */
TENON_API tenon_status tenon_writer_new (tenon_context *context, const char *path,
                                         const tenon_save_options *options, tenon_writer **writer,
                                         tenon_error *error);
/* Without tenon_writer_finish the target stays as it is. NULL is fine. */
TENON_API void tenon_writer_free (tenon_writer *writer);

/* Adds a tensor: with data, packed or with strides, which may be freed or changed when the function returns;
 * or with `fill`, which is called at once. A tensor that is stored as another dtype is cast while
 * tenon_writer_finish saves it. After a failure there is no such tensor, and others can be added. */
TENON_API tenon_status tenon_writer_add (tenon_writer *writer, const tenon_array *array, tenon_error *error);
/* The same with the data in pieces. The array has no data, size, fill or strides. In C order the first dim
 * may be TENON_UNKNOWN_DIM. No other tensor is added between tenon_writer_begin and tenon_writer_end. */
TENON_API tenon_status tenon_writer_begin (tenon_writer *writer, const tenon_array *array,
                                           tenon_error *error);
/* The next bytes of the tensor, any number of them. TENON_E_MISUSE: more than its shape has; none of them
 * counts. If they cannot be kept (TENON_E_IO, TENON_E_MEMORY), the tensor lacks bytes, and every later call
 * fails with that, but for tenon_writer_free. */
TENON_API tenon_status tenon_writer_put (tenon_writer *writer, const void *bytes, uint64_t size,
                                         tenon_error *error);
/* TENON_E_MISUSE: bytes are missing, or make no whole number of rows. The tensor stays begun. */
TENON_API tenon_status tenon_writer_end (tenon_writer *writer, tenon_error *error);

/* The plan that tenon_writer_finish saves: to set its metadata, and to add tensors that are not copied, of
 * files, or arrays whose memory stays until the end. It belongs to the writer: tenon_plan_free does nothing,
 * and saving it is TENON_E_MISUSE. NULL if `writer` is NULL. */
TENON_API tenon_plan *tenon_writer_plan (tenon_writer *writer);

/* Saves all tensors, in the order in which they were added or ended. Report, progress and failures are those
 * of tenon_save; a TENON_NOTE tells how many bytes went through the temporary file. After a failure the
 * function may be called again. The caller frees the writer in any case. */
TENON_API tenon_status tenon_writer_finish (tenon_writer *writer, tenon_report **report,
                                            const tenon_progress *progress, tenon_error *error);

#ifdef __cplusplus
}
#endif
#endif
