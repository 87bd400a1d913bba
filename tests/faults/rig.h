/* SPDX-License-Identifier: MIT */
/* rig.h - shared by the fault tests: the failing calls of faults.h, and files whose generation can be
 * told. */
#ifndef RIG_H
#define RIG_H
#include "faults.h"
#include "tests/abi/kit.h"

/* The functions of faults.h, of the library that is preloaded. */
extern struct rig {
    int (*set) (const char *what);
    uint64_t (*count) (void), (*hits) (void);
    int64_t (*live) (void), (*peak) (void);
    void (*exchange) (int possible);
} rig;

/* Called first in main: starts the program again with the library preloaded, or ends it where that is
 * impossible (sanitizers have their own malloc, other systems their own loader). */
void rig_begin (char **arguments);
/* faults_set with printf's format. */
__attribute__ ((format (printf, 1, 2))) void rig_fail (const char *format, ...);
void rig_stop (void);

/* Work that is done while memory fails. It must not use assertions: they allocate. */
typedef tenon_status (*rig_work) (int kind, tenon_error *error);
/* Repeats the work while one allocation fails, the first, the second and so on, and, with `last` "-", all
 * that follow as well. The work must succeed, or fail with TENON_E_MEMORY, and lose neither memory nor
 * descriptors. */
void rig_sweep (rig_work work, int kind, const char *name, const char *last);

/* Kinds of saves: each takes another way to the disk. */
enum {
    RIG_RAW,
    RIG_BOX,
    RIG_DEFLATE,
    RIG_ROT,
    RIG_SET,
    RIG_BESIDE,
    RIG_GROWN, /* the second generation has fewer shards than the first */
    RIG_BARE,  /* numbered shards without an index */
    RIG_APPEND,
    RIG_CONVERT,
    RIG_COPY,
    RIG_TREE, /* a folder */
    RIG_FD,   /* the others write without a temporary file */
    RIG_AT,
    RIG_OUTPUT, /* with blocks that are encoded on all threads */
    RIG_MEMORY,
    RIG_SAVES
};
extern const char *const rig_names[RIG_SAVES];
/* Makes plugins, the context `kit`, and the sources of conversions. Called after kit_setup. */
void rig_setup (int durable);
/* Saves generation `number` (1 or 2) of the tensors in that way and returns the status. It uses no
 * assertions and can be called while calls fail. */
tenon_status rig_save (int kind, unsigned number, tenon_error *error);
/* Path of the saved file or folder, or of the index of a saved set. */
const char *rig_path (int kind);
/* The generation of the saved file, as opening it finds it. 0: there is no file; -1: the file is neither,
 * `why` says how. */
int rig_generation (int kind, const char **why);
/* Removes all files of a kind. */
void rig_remove (int kind);
/* Temporary files and locks in the folder. */
unsigned rig_litter (void);
unsigned rig_temporaries (void);
/* Open descriptors of this process. */
unsigned rig_descriptors (void);
/* Files of a kind. */
unsigned rig_files (int kind);

#endif
