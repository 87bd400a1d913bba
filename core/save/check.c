/* SPDX-License-Identifier: MIT */
/* check.c - opens what a save has written, before it gets its name.
 *
 * A codec that adds to a file trusts what it found there. Bytes that had no meaning before, such as a
 * comment that looks like a directory, may mean something else in the longer file. Then the old file stays.
 *
 * Names and shapes are compared, no dtypes: some formats keep one only by an option for reading. */
#include "save/check.h"

static tenon_status
fail_check (tenon_error *error, const char *why)
{
    return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                    "nothing can be added to it: the longer file would not open as it should (%s); save all "
                    "of it to a new file",
                    why);
}

/* True if the catalog has a tensor of the name and shape of this one. */
static bool
has_alike (const struct tn_catalog *catalog, const struct tn_tensor *tensor)
{
    uint64_t index;
    if (!tn_catalog_find (catalog, tensor->name, tensor->name_length, &index))
        return false;
    const struct tn_tensor *found = tn_catalog_tensor (catalog, index);
    return found->rank == tensor->rank
           && (found->rank == 0
               || memcmp (found->shape, tensor->shape, found->rank * sizeof *found->shape) == 0);
}

/* Checks that `catalog` has all tensors of `wanted` but those whose names are in `but`, and counts them. */
static tenon_status
find_tensors (const struct tn_catalog *catalog, const struct tn_catalog *wanted, uint64_t count,
              const struct tn_catalog *but, uint64_t *found, tenon_error *error)
{
    uint64_t ignored;
    for (uint64_t i = 0; i < count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (wanted, i);
        if (but && tn_catalog_find (but, tensor->name, tensor->name_length, &ignored))
            continue;
        if (!has_alike (catalog, tensor)) {
            tn_fail_in (error, NULL, tensor->name);
            return fail_check (error, "a tensor is not in it, or has another shape");
        }
        ++*found;
    }
    return TENON_OK;
}

static tenon_status
compare_tensors (const struct tn_catalog *catalog, const tenon_file *old, const tenon_plan *plan,
                 tenon_error *error)
{
    uint64_t found = 0;
    TN_TRY (find_tensors (catalog, plan->own, plan->count, NULL, &found, error));
    TN_TRY (find_tensors (catalog, old->catalog, old->catalog->count, plan->own, &found, error));
    return catalog->count == found ? TENON_OK : fail_check (error, "it has other tensors, too");
}

tenon_status
tn_check_grown (const tenon_file *old, const tenon_plan *plan, int fd, uint64_t codec,
                const char *const *settings, tenon_error *error)
{
    tenon_context *context = plan->context;
    tenon_error why = TENON_ERROR_INIT;
    tenon_open_options options = { .struct_size = sizeof options,
                                   .flags = TENON_OPEN_NO_MAP,
                                   .format = context->registry.codecs[codec]->table.id,
                                   .settings = settings };
    tenon_file *file;
    tenon_status status = tenon_open_fd (context, fd, &options, &file, &why);
    if (status == TENON_OK)
        status = compare_tensors (file->catalog, old, plan, error);
    else if (status == TENON_E_MEMORY)
        status = tn_fail_memory (error);
    else
        status = fail_check (error, why.message);
    tenon_close (file);
    return status;
}
