/* SPDX-License-Identifier: MIT */
/* tenon/data.h - reading the data of tensors. */
#ifndef TENON_DATA_H
#define TENON_DATA_H
#include <tenon/library.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of a tensor as they are in the file, without a copy, in the order that the flags of
 * tenon_tensor_info tell. Valid until tenon_close. TENON_E_NOT_MAPPABLE, with the reason, if they are
 * encoded, served, in chunks, from a callback, or not aligned (see TENON_OPEN_UNALIGNED). If another process
 * shrinks the file, touching the memory raises SIGBUS; tenon_read never does. */
TENON_API tenon_status tenon_map (tenon_file *file, uint64_t index, const void **data, uint64_t *size,
                                  tenon_error *error);

/* The same in pages that can be written: what is written stays with the caller, and changes neither the file
 * nor other mappings. Only pages that are written are copied. The caller frees *memory, which may outlive the
 * file; if `memory` is NULL, it is freed with the file. Refused as tenon_map is, and for a file that was
 * opened in memory. */
TENON_API tenon_status tenon_map_private (tenon_file *file, uint64_t index, void **data, uint64_t *size,
                                          tenon_memory **memory, tenon_error *error);

enum {
    TENON_ADVISE_WILL_NEED = 1, /* read the bytes into the page cache, without waiting for them */
    /* drop them from the page cache, unless another process uses them; mapped bytes are read again when they
     * are touched */
    TENON_ADVISE_DONT_NEED = 2
};
/* Tells the system which tensors will be read soon, or no more. `indexes` NULL: the tensors 0 … count - 1.
 * The advice changes no result; if the system takes none, or the bytes lie in no file, nothing happens.
 * Tensors that cannot be read are passed over; TENON_E_NOT_FOUND: there is no such tensor, and no advice was
 * given. */
TENON_API tenon_status tenon_advise (tenon_file *file, const uint64_t *indexes, uint64_t count,
                                     uint32_t advice, tenon_error *error);

/* tenon_request.flags */
enum {
    /* The result has the byte order and the order of axes that the flags of tenon_tensor_info tell; a box is
     * packed in that order. The request has TENON_NONE as dtype and no strides; else it is TENON_E_MISUSE.
     * Served tensors, and tensors with strides, are in C order */
    TENON_REQUEST_AS_STORED = 0x10000
};
/* A tensor, or a box of it, to be read: packed, C order, little-endian. */
typedef struct tenon_request {
    uint32_t struct_size;
    uint32_t dtype;        /* cast to this; TENON_NONE: as stored */
    uint64_t index;        /* of the tensor */
    uint32_t flags;        /* TENON_REQUEST_* */
    uint32_t rank;         /* dims of start, count, step: the tensor's rank, or 0 for all of it */
    const uint64_t *start; /* the first index in each dim; NULL: 0 */
    const uint64_t *count; /* items in each dim; NULL: to the end */
    const int64_t *step;   /* from one item to the next in each dim, ≥ 1; NULL: 1 */
    void *data;            /* tenon_read: the caller's. tenon_load sets it, aligned to 64 bytes */
    uint64_t size;         /* tenon_read: bytes of `data`, enough. Set to the bytes that are needed */
    /* The layout of the result, for tenon_read and tenon_load: the distance between neighbours in each dim of
     * the tensor, in items, of any sign. Then `data` is the item 0 … 0, the size counts from the first byte
     * of any item to the last, and the bytes between items stay as they are (tenon_load: are zero). Items may
     * not overlap: in the order of their sizes, each stride goes beyond all that the smaller ones reach. For
     * dtypes whose items stand by themselves. NULL: packed, C order */
    const int64_t *strides;
} tenon_request;

/* Checks a request and returns the bytes that it needs. */
TENON_API tenon_status tenon_request_size (const tenon_file *file, const tenon_request *request,
                                           uint64_t *size, tenon_error *error);
/* Reads all requests, on all threads of the pool, into memory of the caller, whose contents are undefined
 * after a failure. */
TENON_API tenon_status tenon_read (tenon_file *file, tenon_request *requests, uint64_t count,
                                   const tenon_progress *progress, tenon_error *error);
/* The same into one piece of memory that the library allocates, in huge pages if possible. The caller frees
 * *memory, which may outlive the file; if `memory` is NULL, it is freed with the file. */
TENON_API tenon_status tenon_load (tenon_file *file, tenon_request *requests, uint64_t count,
                                   tenon_memory **memory, const tenon_progress *progress, tenon_error *error);
/* The same with memory for each request: memories[i] keeps the data of request i. The caller frees each of
 * them, on any thread and in any order. `memories` has room for `count`. Small tensors share pages, at most
 * 1 MiB, which go back to the system when the last of these tensors is freed. After a failure all of
 * `memories` are NULL. */
TENON_API tenon_status tenon_load_each (tenon_file *file, tenon_request *requests, uint64_t count,
                                        tenon_memory **memories, const tenon_progress *progress,
                                        tenon_error *error);
/* Frees what a function returned as *memory. NULL is fine. Any thread may free it. */
TENON_API void tenon_memory_free (tenon_memory *memory);

/* tenon_cast.flags: a value that an f8 with a mantissa cannot hold becomes the largest finite one, not an
 * infinity or NaN */
enum { TENON_CAST_SATURATE = 0x10000 };
/* Casts items in memory of the program, packed and little-endian, from `from` to `to`, on all threads of the
 * context, as reading and saving do: blocks of plugins, too. `items` is a multiple of the items in a block of
 * both, and `size` and `out_size` are the bytes that so many items take. `data` and `out` need no alignment
 * and may not overlap. A value that `to` does not have becomes the nearest one, an infinity or NaN;
 * no loss is counted. TENON_E_UNSUPPORTED: there is no such cast (tenon_dtype_castable). */
TENON_API tenon_status tenon_cast (tenon_context *context, uint32_t from, const void *data, uint64_t size,
                                   uint32_t to, void *out, uint64_t out_size, uint64_t items, uint32_t flags,
                                   tenon_error *error);

/* Reads all data and compares all checksums, also those of an archive's members that hold no tensors. Each
 * fault, and each tensor or member that cannot be read, becomes a TENON_NOTE with a negative status in the
 * report; the first one is returned. `report` may be NULL; else the caller frees it. */
TENON_API tenon_status tenon_verify (tenon_file *file, tenon_report **report, const tenon_progress *progress,
                                     tenon_error *error);

/* Passes all bytes of a request to `sink` in order, in pieces, in bounded memory. A non-zero result of sink
 * stops the work with TENON_E_CANCELLED. */
TENON_API tenon_status tenon_stream (tenon_file *file, const tenon_request *request,
                                     int (*sink) (void *user, const void *data, uint64_t size), void *user,
                                     const tenon_progress *progress, tenon_error *error);

#ifdef __cplusplus
}
#endif
#endif
