/* SPDX-License-Identifier: MIT */
/* nest.c - a mock plugin (mock.h): nested lists of bytes, which it reads only, by recursion.
 *
 *     "MOCKNST1", then items: a letter is a tensor of one byte, the letter itself, which its offset names;
 *     '(' items ')' is a list. */
#include "mock.h"
#include <stdio.h>

#define MAGIC "MOCKNST1"

static tenon_status
add_letter (struct tenon_call *call, uint64_t offset)
{
    char name[24];
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .dtype = TENON_U8,
                                   .name = name,
                                   .offset = offset,
                                   .length = TENON_AUTO,
                                   .place = offset };
    tensor.name_length = (uint64_t) snprintf (name, sizeof name, "%llu", (unsigned long long) offset);
    return call->host->add_tensor (call, &tensor);
}

/* Takes items up to the ')' that ends the list, or at depth 0 up to the end. */
static tenon_status
take_list (struct tenon_cursor *cursor, uint64_t depth)
{
    struct tenon_call *call = cursor->call;
    if (depth > call->host->limit (call, TENON_LIMIT_DEPTH) && !MOCK (recurses))
        return tenon_fail (call, TENON_E_LIMIT, cursor->position,
                           "lists are nested deeper than limits.depth");
    while (depth > 0 || cursor->position < cursor->end) {
        uint8_t letter;
        TENON_TRY (tenon_take_u8 (cursor, &letter, "an item"));
        if (letter == '(')
            TENON_TRY (take_list (cursor, depth + 1));
        else if (letter == ')' && depth > 0)
            return TENON_OK;
        else if (letter >= 'a' && letter <= 'z')
            TENON_TRY (add_letter (call, cursor->position - 1));
        else
            return tenon_fail (call, TENON_E_MALFORMED, cursor->position - 1, "the byte 0x%02x is no item",
                               letter);
    }
    return TENON_OK;
}

static tenon_status
describe_nest (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 8));
    return take_list (&cursor, 0);
}

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const extensions[] = { "mocknest", NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "mocknest",
    .label = "a mock with nested lists",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = describe_nest,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "nest",
    .version = "1.0",
    .license = "MIT",
    .summary = "nested lists for the tests of tenon check-plugin",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
