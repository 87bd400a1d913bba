/* SPDX-License-Identifier: MIT */
/* arrays.h - arrays of the application, from the struct that it fills to the plan's entry. */
#ifndef TN_ARRAYS_H
#define TN_ARRAYS_H
#include "plan/plan.h"

struct tn_array {
    tenon_array given; /* its dtype is a number of the plan, also of an opaque one */
    const struct tenon_dtype *dtype;
    const char *name; /* need not end in NUL */
    uint64_t name_length;
    char number[32];          /* the name of an array that has none */
    uint64_t elements, bytes; /* packed */
    uint64_t low, span;       /* of its memory: before item 0 … 0, and in all */
    enum tn_lay lay;
};

/* Copies the application's struct, and checks name, dtype and rank. `array` must not move: it may point into
 * itself. */
tenon_status tn_array_read (struct tn_array *array, tenon_plan *plan, const tenon_array *theirs,
                            tenon_error *error);
/* Fills the numbers of a packed array from its shape. */
tenon_status tn_array_measure (struct tn_array *array, tenon_error *error);
/* Checks shape, size and strides, and fills the numbers. */
tenon_status tn_array_check (struct tn_array *array, tenon_error *error);
/* Adds an array that was checked to the plan. Its item 0 … 0 lies at an offset of a source of the plan's
 * own. The caller calls tn_plan_settle in the end. */
tenon_status tn_array_enter (const struct tn_array *array, tenon_plan *plan, const struct tn_source *source,
                             uint64_t offset, tenon_error *error);
/* tenon_plan_add_many, whose pointers were checked. `error` gets the failure for a function of the API to
 * hand out. */
tenon_status tn_plan_add_arrays (tenon_plan *plan, const tenon_array *arrays, uint64_t count,
                                 tenon_error *error);

#endif
