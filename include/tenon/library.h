/* SPDX-License-Identifier: MIT */
/* tenon/library.h - the types that all of the library shares: its version, errors and progress. */
#ifndef TENON_LIBRARY_H
#define TENON_LIBRARY_H
#include <stddef.h>
#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TENON_API __attribute__ ((visibility ("default")))
#else
#define TENON_API
#endif

/* For the length of a text: the text ends in NUL. */
#define TENON_NUL UINT64_MAX

typedef struct tenon_context tenon_context;
typedef struct tenon_file tenon_file;
typedef struct tenon_plan tenon_plan;
typedef struct tenon_report tenon_report;
typedef struct tenon_memory tenon_memory;

/* The version of these headers, which a program is compiled with. TENON_VERSION is one number, which can be
 * compared: MAJOR × 1,000,000 + MINOR × 1,000 + PATCH. */
#define TENON_VERSION_MAJOR 0
#define TENON_VERSION_MINOR 1
#define TENON_VERSION_PATCH 0
#define TENON_VERSION (TENON_VERSION_MAJOR * 1000000 + TENON_VERSION_MINOR * 1000 + TENON_VERSION_PATCH)
#define TENON_VERSION_STRING                                                                                 \
    TENON_VERSION_TEXT_ (TENON_VERSION_MAJOR, TENON_VERSION_MINOR, TENON_VERSION_PATCH)
#define TENON_VERSION_TEXT_(major, minor, patch) TENON_VERSION_WORDS_ (major, minor, patch)
#define TENON_VERSION_WORDS_(major, minor, patch) #major "." #minor "." #patch

/* The version of the running library, "0.1.0", and as a number like TENON_VERSION. A library of another
 * version than the headers works if its soname is the one that the program was linked with: structs grow at
 * their end, and functions are added. */
TENON_API const char *tenon_version (void);
TENON_API uint32_t tenon_version_number (void);

/* "TENON_E_MALFORMED" and "malformed file"; for unknown numbers "TENON_E_?" and "unknown status". Never
 * NULL. */
TENON_API const char *tenon_status_name (tenon_status status);
TENON_API const char *tenon_status_text (tenon_status status);

/* A failure, in the caller's memory. All texts end in NUL and are cut if they are too long. Names in
 * them are escaped: bytes that are no UTF-8, and characters that a terminal would obey or hide, as \n, \t, \r
 * or \xNN, and a backslash as two. */
typedef struct tenon_error {
    uint32_t struct_size; /* sizeof (tenon_error), set by the caller */
    tenon_status status;
    uint64_t offset;    /* byte in `file`, or UINT64_MAX */
    char message[1024]; /* one line, complete: place, what was found, what was expected */
    char file[512];     /* the file that it is about; "" if none */
    char tensor[256];   /* the tensor, likewise */
    int32_t system;     /* the errno of the system call that failed; 0: none did */
    /* what helps, one line apart from the message; "" if the library knows nothing. It names functions, flags
     * and fields of this header, and keys of tenon.ini(5); a program may put its own words in their place */
    char advice[252];
} tenon_error;
#define TENON_ERROR_INIT                                                                                     \
    {                                                                                                        \
        sizeof (tenon_error), TENON_OK, UINT64_MAX, "", "", "", 0, ""                                        \
    }

/* The library calls report during long work: at least every 64 MiB, never for work under a few milliseconds,
 * on the calling thread or one of the pool, one call at a time. `done` and `total` are bytes of tensor data;
 * both are 0 while a save waits for another one.
 * A non-zero result stops the work with TENON_E_CANCELLED. */
typedef struct tenon_progress {
    uint32_t struct_size, reserved;
    int (*report) (void *user, uint64_t done, uint64_t total);
    void *user;
} tenon_progress;

#ifdef __cplusplus
}
#endif
#endif
