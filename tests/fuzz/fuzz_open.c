/* SPDX-License-Identifier: MIT */
/* fuzz_open.c - opens, looks at, reads, verifies and saves whatever the fuzzer makes: once as what its
 * contents say, and once as a file of each format, by each extension: an index is known by its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static tenon_context *context;

static tenon_context *
get_context (void)
{
    static const char *const settings[] = { "core.threads=1",
                                            "limits.header_bytes=16MiB",
                                            "limits.inflated_bytes=16MiB",
                                            "limits.tensors=100000",
                                            "limits.metadata_bytes=16MiB",
                                            "limits.memory=4MiB",
                                            "save.durable=no",
                                            NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    tenon_error error = TENON_ERROR_INIT;
    if (!context && tenon_context_new (&context, &options, &error) < 0) {
        fprintf (stderr, "%s\n", error.message);
        abort ();
    }
    return context;
}

static void
look_around (tenon_file *file)
{
    for (uint64_t i = 0; i < tenon_metadata_count (file) && i < 100; i++) {
        tenon_metadata_info info = { .struct_size = sizeof info };
        struct tenon_value items[20];
        tenon_memory *memory = NULL;
        tenon_metadata_get (file, i, &info);
        if (info.value.type == TENON_ARRAY) {
            tenon_value_items (file, &info.value, 0, info.value.count < 20 ? info.value.count : 20, items,
                               &memory, NULL);
            tenon_memory_free (memory);
        }
    }
    for (uint64_t i = 0; i < tenon_count (file) && i < 100; i++) {
        tenon_tensor_info info = { .struct_size = sizeof info };
        tenon_request request = { .struct_size = sizeof request, .index = i };
        tenon_memory *memory = NULL;
        const void *mapped;
        uint64_t length, found;
        tenon_get (file, i, &info);
        if (tenon_find (file, info.name, &found) < 0 || found != i)
            abort (); /* every name leads to its tensor */
        if (tenon_map (file, i, &mapped, &length, NULL) == TENON_OK && length != info.nbytes)
            abort ();
        if (info.nbytes <= 1 << 20 && tenon_load (file, &request, 1, &memory, NULL, NULL) == TENON_OK)
            tenon_memory_free (memory);
        request.dtype = TENON_F32;
        if (info.nbytes <= 1 << 20 && tenon_load (file, &request, 1, &memory, NULL, NULL) == TENON_OK)
            tenon_memory_free (memory);
    }
}

/* "CODEC.KEY=VALUE" of the codec's option number `index`, with value number `choice`, of three for a number:
 * 1, and 0 when it has no such option or value. */
static int
write_choice (uint64_t number, const char *codec, uint64_t index, uint64_t choice, char *text, size_t room)
{
    static const char *const numbers[] = { "0", "1", "70" };
    struct tenon_option option = { .struct_size = sizeof option };
    if (tenon_codec_option (context, number, index, &option, NULL) < 0)
        return 0;
    if (option.type == TENON_OPTION_INTEGER || option.type == TENON_OPTION_SIZE)
        return snprintf (text, room, "%s.%s=%s", codec, option.name, numbers[choice % 3]) < (int) room;
    if (option.type != TENON_OPTION_CHOICE)
        return 0;
    const char *word = option.choices;
    while (choice-- > 0 && (word = strchr (word, ' ')))
        word++;
    return word
           && snprintf (text, room, "%s.%s=%.*s", codec, option.name, (int) strcspn (word, " "), word)
                  < (int) room;
}

/* A dry run writes every header, and asks for every tensor. `chance` picks one option and its value. */
static void
save_file (tenon_file *file, uint64_t number, const tenon_codec_info *codec, size_t chance)
{
    char text[256];
    const char *settings[2] = { NULL, NULL };
    tenon_plan *plan;
    tenon_save_options options = {
        .struct_size = sizeof options, .flags = TENON_SAVE_DRY_RUN, .format = codec->id, .settings = settings
    };
    if (codec->option_count > 0
        && write_choice (number, codec->id, chance % codec->option_count, chance / codec->option_count % 3,
                         text, sizeof text))
        settings[0] = text;
    if (tenon_plan_new (context, &plan, NULL) < 0)
        return;
    if (tenon_plan_add_file (plan, file, NULL) == TENON_OK)
        tenon_save (plan, "/nowhere/out", &options, NULL, NULL, NULL);
    tenon_plan_free (plan);
}

static void
try_open (const uint8_t *data, size_t size, const char *format, const char *extension)
{
    char name[64];
    snprintf (name, sizeof name, "fuzz.%s", extension);
    tenon_open_options options = { .struct_size = sizeof options, .name = name, .format = format };
    tenon_codec_info codec = { .struct_size = sizeof codec };
    tenon_file *file;
    if (tenon_open_memory (context, data, size, &options, &file, NULL) < 0)
        return;
    look_around (file);
    tenon_verify (file, NULL, NULL, NULL);
    for (uint64_t i = 0; tenon_codec_get (context, i, &codec) == TENON_OK; i++)
        save_file (file, i, &codec, size);
    tenon_close (file);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    tenon_codec_info codec = { .struct_size = sizeof codec };
    uint8_t *copy = malloc (size + !size); /* exactly as long, so that ASan sees the end */
    if (!copy)
        return 0;
    memcpy (copy, data, size);
    get_context ();
    try_open (copy, size, NULL, "");
    for (uint64_t i = 0; tenon_codec_get (context, i, &codec) == TENON_OK; i++)
        for (const char *const *extension = codec.extensions; *extension; extension++)
            try_open (copy, size, codec.id, *extension);
    free (copy);
    return 0;
}

#ifdef TENON_FUZZ_MAIN
/* Without a fuzzer: every file named is one input, so that what was found once is tried with any compiler. */
int
main (int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *in = fopen (argv[i], "rb");
        uint8_t *data = malloc (1 << 20);
        if (in && data)
            LLVMFuzzerTestOneInput (data, fread (data, 1, 1 << 20, in));
        free (data);
        if (in)
            fclose (in);
    }
    tenon_context_free (context);
    return 0;
}
#endif
