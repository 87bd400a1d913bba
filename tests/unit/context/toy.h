/* SPDX-License-Identifier: MIT */
/* toy.h - a plugin for the tests of the registry, whose tables they may spoil, and the context that it is
 * added to. */
#ifndef TOY_H
#define TOY_H
#include "context/registry.h"
#include <check.h>
#include <stdio.h>

static tenon_context *context;
static char why[TN_WHY_ROOM];

static inline void
set_up (void)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT };
    ck_assert_int_eq (tenon_context_new (&context, &options, NULL), TENON_OK);
    /* no plugins, built in or installed */
    tn_registry_free (&context->registry);
}

static inline void
tear_down (void)
{
    tenon_context_free (context);
}

/* ---- a plugin that may be spoilt ---- */

static tenon_status
toy_describe (struct tenon_call *call)
{
    (void) call;
    return TENON_OK;
}

static uint64_t
toy_bound (const struct tenon_coding *coding, uint64_t size)
{
    return size + (uint64_t) coding->level;
}

static tenon_status
open_state (const struct tenon_coding *coding, void **state)
{
    (void) coding, (void) state;
    return TENON_E_MEMORY;
}

static void
close_state (void *state)
{
    (void) state;
}

static int64_t
toy_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) state, (void) flags, (void) from, (void) to, (void) room;
    return (int64_t) size;
}

static tenon_status
toy_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) state, (void) last, (void) from, (void) stored, (void) to, (void) size;
    return TENON_OK;
}

static inline tenon_status
reset_state (void *state)
{
    (void) state;
    return TENON_OK;
}

static const char *extensions[4];
static struct tenon_magic magics[2];
static struct tenon_option options[3];
static struct tenon_codec codec;
static struct tenon_filter filter;
static struct tenon_swap_field swap;
static struct tenon_dtype dtype;
static struct tenon_plugin plugin;
static const struct tenon_codec *codecs[2] = { &codec };
static const struct tenon_filter *filters[2] = { &filter };
static const struct tenon_dtype *dtypes[2] = { &dtype };

/* Registers the plugin as that of this name. */
static inline tenon_status
register_as (const char *name)
{
    plugin.name = name;
    return tn_registry_add (context, &plugin, name, NULL, why);
}

/* Makes all tables good again. */
static inline void
reset_plugin (void)
{
    memcpy (extensions, (const char *[]){ "toy", "tar.toy", NULL, NULL }, sizeof extensions);
    magics[0] = magics[1] = (struct tenon_magic){ .length = 4, .bytes = "TOY!" };
    options[0] = (struct tenon_option){
        sizeof options[0], TENON_OPTION_SIZE, "most", "1MiB", NULL, "at most", 1, 1e9, 0, 0
    };
    options[1] = (struct tenon_option){
        sizeof options[1], TENON_OPTION_CHOICE, "order", "keep", "keep c", NULL, 0, 0, 0, 0
    };
    options[2] = (struct tenon_option){
        sizeof options[2], TENON_OPTION_TEXT, "some.text", "", NULL, NULL, 0, 0, 0, 0
    };
    codec = (struct tenon_codec){ .struct_size = sizeof codec,
                                  .id = "toy",
                                  .label = "Toy",
                                  .extensions = extensions,
                                  .magics = magics,
                                  .magic_size = sizeof magics[0],
                                  .magic_count = 2,
                                  .options = options,
                                  .option_size = sizeof options[0],
                                  .option_count = 3,
                                  .describe = toy_describe };
    filter = (struct tenon_filter){ .struct_size = sizeof filter,
                                    .id = "turn",
                                    .open = open_state,
                                    .close = close_state,
                                    .bound = toy_bound,
                                    .encode = toy_encode,
                                    .decode = toy_decode };
    swap = (struct tenon_swap_field){ 0, 2, 4 };
    dtype = (struct tenon_dtype){ .struct_size = sizeof dtype,
                                  .kind = TENON_KIND_BLOCK,
                                  .name = "q_toy",
                                  .block_items = 8,
                                  .block_bytes = 8,
                                  .swap = &swap,
                                  .swap_size = sizeof swap,
                                  .swap_count = 1 };
    plugin = (struct tenon_plugin){ .struct_size = sizeof plugin,
                                    .name = "toys",
                                    .version = "1",
                                    .codecs = codecs,
                                    .filters = filters,
                                    .dtypes = dtypes };
}

#endif
