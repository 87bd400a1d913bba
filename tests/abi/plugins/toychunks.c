/* SPDX-License-Identifier: MIT */
/* toychunks.c - codecs that only write, and put chunks as the option `do` states: toychunks into a file,
 * toychunktree into a store. The option has a word for each call of put_grid, with a ',' between them; a word
 * has fields with a '/' between them:
 *
 *     0          first: the tensor
 *     2x3        second: the shape of a chunk; "" for rank 0
 *     o1.0       the order of the dims in a chunk
 *     b0x1+1x2   the box: its first chunk, and the numbers of chunks
 *     s…         a step, "pshuffle:4" with a setup
 *     f00ff      the fill value, hexadecimal
 *     c, S, B, F   TENON_GRID_CLIPPED, TENON_PUT_SKIP_FILL, TENON_BIG_ENDIAN, TENON_FORTRAN
 *     k          chunks have keys, "t0/1/2"; in a store without it: they go into the entry "all0"
 *     p          then puts a line, in a store into the entry "places0": for each chunk its place, "8+24",
 *                or "-" if it was left out
 *     g          the shape, grid and byte order are those that plan_tensor shows, which are put as a line
 *     and against the rules:
 *     x0         put_key or put is called while a key is asked for; n: keys are empty; w: struct_size is
 * wrong r          places have room for one chunk only */
#include <stdio.h>
#include <stdlib.h>
#include <tenon/plugin.h>

#define MOST 16
#define MOST_PLACES 100000u

struct word {
    struct tenon_call *call;
    struct tenon_grid_put put;
    struct tenon_grid grid;
    struct tenon_layout layout;
    uint64_t shape[MOST], first[MOST], count[MOST];
    uint32_t order[MOST];
    struct tenon_step steps[MOST];
    uint8_t fill[MOST];
    uint32_t rank;
    int keys, places, shows, empty_keys, calls;
};

static int
take_dims (char *text, char between, uint64_t *dims)
{
    int count = 0;
    while (*text && count < MOST) {
        dims[count++] = strtoull (text, &text, 10);
        text += *text == between;
    }
    return count;
}

static void
take_step (struct word *word, char *text)
{
    struct tenon_step *step = &word->steps[word->grid.step_count++];
    char *colon = strchr (text, ':');
    memset (step, 0, sizeof *step);
    step->struct_size = sizeof *step;
    step->level = TENON_LEVEL_DEFAULT;
    step->filter = text;
    if (colon) {
        *colon = 0;
        step->setup = colon + 1;
        step->setup_size = strlen (colon + 1);
    }
}

static void
take_fill (struct word *word, const char *text)
{
    for (uint64_t i = 0; text[2 * i] && i < MOST; i++) {
        char byte[3] = { text[2 * i], text[2 * i + 1], 0 };
        word->fill[i] = (uint8_t) strtoul (byte, NULL, 16);
        word->grid.fill_size = i + 1;
    }
    word->grid.fill = word->fill;
}

static int64_t
name_chunk (void *user, const uint64_t *chunk, char *key, uint64_t room)
{
    struct word *word = (struct word *) user;
    uint64_t length = (uint64_t) snprintf (key, room, "t%llu", (unsigned long long) word->put.tensor);
    if (word->calls == 1)
        (void) word->call->host->put (word->call, "x", 1);
    if (word->calls == 2)
        (void) word->call->host->put_grid (word->call, &word->put);
    for (uint32_t i = 0; i < word->rank; i++)
        length += (uint64_t) snprintf (key + length, room - length, "/%llu", (unsigned long long) chunk[i]);
    return word->empty_keys ? 0 : (int64_t) length;
}

static void
take_field (struct word *word, char *field)
{
    uint64_t order[MOST];
    char *plus;
    switch (*field) {
    case 'o':
        for (int i = 0, count = take_dims (field + 1, '.', order); i < count; i++)
            word->order[i] = (uint32_t) order[i];
        word->grid.order = word->order;
        break;
    case 'b':
        plus = strchr (field, '+');
        take_dims (plus + 1, 'x', word->count);
        *plus = 0;
        take_dims (field + 1, 'x', word->first);
        word->put.first = word->first;
        word->put.count = word->count;
        break;
    case 's': take_step (word, field + 1); break;
    case 'f': take_fill (word, field + 1); break;
    case 'c': word->grid.flags |= TENON_GRID_CLIPPED; break;
    case 'S': word->put.flags |= TENON_PUT_SKIP_FILL; break;
    case 'B': word->layout.flags |= TENON_BIG_ENDIAN; break;
    case 'F': word->layout.flags |= TENON_FORTRAN; break;
    case 'k': word->keys = 1; break;
    case 'p': word->places = 1; break;
    case 'g': word->shows = 1; break;
    case 'x': word->calls = 1 + (field[1] == '1'); break;
    case 'n': word->empty_keys = 1; break;
    case 'w': word->grid.struct_size = 8; break;
    case 'r': word->put.place_count = 1; break;
    case 'R': word->put.place_size = (uint32_t) strtoul (field + 1, NULL, 10); break;
    default: break;
    }
}

static tenon_status
take_word (struct tenon_call *call, char *text, struct word *word)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    memset (word, 0, sizeof *word);
    word->call = call;
    word->put.struct_size = sizeof word->put;
    word->grid.struct_size = sizeof word->grid;
    word->layout.struct_size = sizeof word->layout;
    word->grid.steps = word->steps;
    word->grid.step_size = sizeof word->steps[0];
    word->put.grid = &word->grid;
    word->put.layout = &word->layout;
    word->put.place_count = MOST_PLACES;
    word->put.place_size = sizeof word->put.places[0];
    word->put.tensor = strtoull (text, &text, 10);
    text += *text == '/';
    for (int number = 0; *text; number++) {
        size_t length = strcspn (text, "/");
        char *next = text[length] ? text + length + 1 : text + length;
        text[length] = 0;
        if (number == 0)
            word->rank = (uint32_t) take_dims (text, 'x', word->shape);
        else
            take_field (word, text);
        text = next;
    }
    word->put.chunk_shape = word->shape;
    if (word->keys) {
        word->put.key = name_chunk;
        word->put.user = word;
    }
    word->put.places =
        (struct tenon_chunk_place *) call->host->scratch (call, MOST_PLACES * sizeof *word->put.places);
    if (word->put.places && word->put.place_size > sizeof word->put.places[0])
        memset (word->put.places, 0xf0, 12 * (size_t) word->put.place_size);
    return word->put.places ? TENON_OK : TENON_E_MEMORY;
}

static tenon_status
begin_entry (struct tenon_call *call, const char *name, uint64_t number)
{
    struct tenon_entry entry = TENON_INIT (entry);
    char key[40];
    entry.key = key;
    entry.key_length = (uint64_t) snprintf (key, sizeof key, "%s%llu", name, (unsigned long long) number);
    entry.size = TENON_AUTO;
    return call->host->put_key (call, &entry);
}

/* The chunks of the box that was put. */
static tenon_status
count_places (struct tenon_call *call, const struct word *word, uint64_t *count)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    TENON_TRY (call->host->plan_tensor (call, word->put.tensor, &tensor));
    *count = 1;
    for (uint32_t i = 0; i < tensor.rank; i++)
        *count *= word->put.count ? word->count[i] : (tensor.shape[i] + word->shape[i] - 1) / word->shape[i];
    return TENON_OK;
}

static tenon_status
put_places (struct tenon_call *call, const struct word *word)
{
    uint64_t count;
    TENON_TRY (count_places (call, word, &count));
    for (uint64_t i = 0; i < count; i++) {
        const struct tenon_chunk_place *place =
            (const struct tenon_chunk_place *) (const void *) ((const char *) word->put.places
                                                               + i * word->put.place_size);
        for (uint64_t k = sizeof *place; k < word->put.place_size; k++)
            if (((const char *) place)[k])
                return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "the end of a place is not 0");
        char text[60];
        int length = place->stored == TENON_AUTO
                         ? snprintf (text, sizeof text, "-%s", i + 1 < count ? " " : "\n")
                         : snprintf (text, sizeof text, "%llu+%llu%s", (unsigned long long) place->offset,
                                     (unsigned long long) place->stored, i + 1 < count ? " " : "\n");
        TENON_TRY (call->host->put (call, text, (uint64_t) length));
    }
    return TENON_OK;
}

/* "2x3 clipped order 1.0 pshuffle:4 fill ff", or "2x3 suggested" */
static void
print_grid (const struct tenon_tensor *tensor, char *to, size_t room)
{
    const struct tenon_grid *grid = tensor->grid;
    size_t end = 0;
    for (uint32_t i = 0; i < tensor->rank; i++)
        end += (size_t) snprintf (to + end, room - end, "%s%llu", i ? "x" : "",
                                  (unsigned long long) tensor->chunk_shape[i]);
    end += (size_t) snprintf (to + end, room - end, "%s%s%s", tensor->chunk_shape ? "" : "-",
                              grid->flags & TENON_GRID_SUGGESTED ? " suggested" : "",
                              grid->flags & TENON_GRID_CLIPPED ? " clipped" : "");
    for (uint32_t i = 0; grid->order && i < tensor->rank; i++)
        end += (size_t) snprintf (to + end, room - end, "%s%u", i ? "." : " order ", grid->order[i]);
    for (uint32_t i = 0; i < grid->step_count; i++)
        end += (size_t) snprintf (to + end, room - end, " %s%s%.*s", grid->steps[i].filter,
                                  grid->steps[i].setup ? ":" : "", (int) grid->steps[i].setup_size,
                                  grid->steps[i].setup ? (const char *) grid->steps[i].setup : "");
    for (uint64_t i = 0; i < grid->fill_size; i++)
        end += (size_t) snprintf (to + end, room - end, "%s%02x", i ? "" : " fill ",
                                  ((const uint8_t *) grid->fill)[i]);
    (void) snprintf (to + end, room - end, "\n");
}

static tenon_status
show_grid (struct tenon_call *call, struct word *word, int store)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    char line[300];
    TENON_TRY (call->host->plan_tensor (call, word->put.tensor, &tensor));
    for (uint32_t i = 0; i < tensor.rank; i++)
        word->shape[i] = tensor.chunk_shape[i];
    word->put.grid = tensor.grid;
    word->layout.flags = tensor.flags & (TENON_BIG_ENDIAN | TENON_FORTRAN);
    word->rank = tensor.rank;
    print_grid (&tensor, line, sizeof line);
    return store ? TENON_OK : call->host->put (call, line, strlen (line));
}

static tenon_status
put_words (struct tenon_call *call, int store)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, 0, &setting));
    char *text = (char *) call->host->scratch (call, strlen (setting.text) + 1);
    struct word *word = (struct word *) call->host->scratch (call, sizeof *word);
    if (!text || !word)
        return TENON_E_MEMORY;
    memcpy (text, setting.text, strlen (setting.text));
    for (uint64_t number = 0; *text; number++) {
        size_t length = strcspn (text, ",");
        char *next = text[length] ? text + length + 1 : text + length;
        text[length] = 0;
        TENON_TRY (take_word (call, text, word));
        if (word->shows)
            TENON_TRY (show_grid (call, word, store));
        if (store && (!word->keys))
            TENON_TRY (begin_entry (call, "all", number));
        TENON_TRY (call->host->put_grid (call, &word->put));
        if (word->places && store)
            TENON_TRY (begin_entry (call, "places", number));
        if (word->places)
            TENON_TRY (put_places (call, word));
        if (store)
            TENON_TRY (call->host->put_key (call, NULL));
        text = next;
    }
    return TENON_OK;
}

static tenon_status
write_file (struct tenon_call *call)
{
    return put_words (call, 0);
}

static tenon_status
write_store (struct tenon_call *call)
{
    struct tenon_entry entry = TENON_INIT (entry);
    entry.key = "chunks.index";
    entry.key_length = strlen (entry.key);
    TENON_TRY (call->host->put_key (call, &entry));
    TENON_TRY (call->host->put_key (call, NULL));
    return put_words (call, 1);
}

/* Each key but the index is a tensor of bytes, called as the key. */
static tenon_status
describe_store (struct tenon_call *call)
{
    struct tenon_key key = TENON_INIT (key);
    tenon_status status;
    while ((status = call->host->next_key (call, "", 0, &key)) == TENON_OK) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        struct tenon_source_info info = TENON_INIT (info);
        TENON_TRY (call->host->open_key (call, key.key, key.length, &tensor.source));
        TENON_TRY (call->host->source_info (call, tensor.source, &info));
        tensor.dtype = TENON_U8;
        tensor.name = key.key;
        tensor.name_length = key.length;
        tensor.shape = &info.size;
        tensor.rank = 1;
        tensor.length = TENON_AUTO;
        if (strcmp (key.key, "chunks.index") != 0)
            TENON_TRY (call->host->add_tensor (call, &tensor));
    }
    return status == TENON_E_NOT_FOUND ? TENON_OK : status;
}

/* ---- the tables ---- */

static const char *const extensions[] = { "toychunks", NULL }, *const tree_extensions[] = { "chunktree",
                                                                                            NULL };
static const char *const root_keys[] = { "chunks.index", NULL };
static const struct tenon_option options[] = { { sizeof (struct tenon_option), TENON_OPTION_TEXT, "do", "",
                                                 NULL, NULL, 0, 0, TENON_OPTION_FOR_WRITING, 0 } };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "toychunks",
    .label = "chunks in a file",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = 1,
    .write = write_file,
};
static const struct tenon_codec tree_codec = {
    .struct_size = sizeof tree_codec,
    .id = "toychunktree",
    .label = "chunks in a store",
    .extensions = tree_extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = 1,
    .describe = describe_store,
    .write = write_store,
    .root_keys = root_keys,
};
static const struct tenon_codec *const codecs[] = { &codec, &tree_codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toychunks",
    .version = "1.0",
    .license = "MIT",
    .summary = "puts chunks for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
