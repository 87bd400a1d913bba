/* SPDX-License-Identifier: MIT */
/* offers_kinds.c - what may stand at a place of the command line: by the word that --help calls it. */
#include "check/check.h"
#include "offers.h"

static void
kind_nothing (struct offers *offers)
{
    offers_begin (offers, "words", NULL, 0);
}

static void
kind_files (struct offers *offers)
{
    offers_begin (offers, "files", offers->typed, offers->start);
}

/* Folders, with ':' between. */
static void
kind_folders (struct offers *offers)
{
    const char *colon = strrchr (offers->typed + offers->start, ':');
    if (colon)
        offers->start = (size_t) (colon + 1 - offers->typed);
    offers_begin (offers, "folders", offers->typed, offers->start);
}

static void
kind_tensors (struct offers *offers)
{
    offer_tensors (offers, "");
}

static void
kind_metadata (struct offers *offers)
{
    offer_metadata (offers, "");
}

static void
kind_formats (struct offers *offers)
{
    offer_formats (offers, false);
}

static void
kind_codecs (struct offers *offers)
{
    offer_formats (offers, true);
}

static void
kind_keys (struct offers *offers)
{
    offer_keys (offers, "");
}

static void
kind_steps (struct offers *offers)
{
    for (size_t i = 0; check_steps[i]; i++)
        offer (offers, check_steps[i]->name, check_steps[i]->summary);
}

/* Moves the start behind this character, the first or the last one of the value. False: it has none. */
static bool
goes_behind (struct offers *offers, char character, bool last)
{
    const char *value = offers->typed + offers->start;
    const char *found = last ? strrchr (value, character) : strchr (value, character);
    if (found)
        offers->start = (size_t) (found + 1 - offers->typed);
    return found;
}

/* OLD=NEW */
static void
kind_rename (struct offers *offers)
{
    if (goes_behind (offers, '=', false))
        kind_nothing (offers);
    else
        offer_tensors (offers, "=");
}

/* KEY=VALUE, KEY=@FILE */
static void
kind_edit (struct offers *offers)
{
    if (!goes_behind (offers, '=', false)) {
        offer_metadata (offers, "=");
    } else if (offers->typed[offers->start] == '@' && offers->typed[offers->start + 1] != '@') {
        offers->start++;
        kind_files (offers);
    } else {
        kind_nothing (offers);
    }
}

/* KEY=TYPE */
static void
kind_type (struct offers *offers)
{
    if (goes_behind (offers, '=', true))
        offer_value_types (offers);
    else
        offer_metadata (offers, "=");
}

/* [PATTERN:]DTYPE */
static void
kind_cast (struct offers *offers)
{
    goes_behind (offers, ':', true);
    offer_dtypes (offers);
}

/* CODEC.KEY=VALUE */
static void
kind_setting (struct offers *offers)
{
    const char *key = offers->typed + offers->start;
    if (!goes_behind (offers, '=', false))
        offer_keys (offers, "=");
    else if (!offer_settings (offers, key, strcspn (key, "=")))
        kind_files (offers);
}

static const struct kind {
    const char *word;
    const char *option; /* NULL: of every option and argument that calls its value so */
    void (*offer) (struct offers *offers);
} kinds[] = {
    { "BOX", NULL, kind_nothing },
    { "CODEC.KEY=VALUE", NULL, kind_setting },
    { "COMMAND", NULL, offer_commands },
    { "COUNT", NULL, kind_nothing },
    { "DIR", NULL, kind_folders },
    { "DIRS", NULL, kind_folders },
    { "DST", NULL, kind_files },
    { "DTYPE", NULL, offer_dtypes },
    { "EXT", NULL, kind_nothing },
    { "FILE", NULL, kind_files },
    { "FILE.so", NULL, kind_files },
    { "FORMAT", NULL, kind_codecs },
    { "GLOB", "unset", kind_metadata },
    { "GLOB", NULL, kind_tensors },
    { "ID", "format", kind_formats },
    { "ID", "from", kind_formats },
    { "ID", "license", kind_nothing },
    { "ID", NULL, kind_codecs },
    { "KEY", NULL, kind_keys },
    { "KEY=TYPE", NULL, kind_type },
    { "KEY=VALUE", NULL, kind_edit },
    { "LIST", NULL, kind_files },
    { "NAME", "author", kind_nothing },
    { "NAME", "field", kind_nothing },
    { "NAME", NULL, kind_tensors },
    { "OLD=NEW", NULL, kind_rename },
    { "SAMPLE", NULL, kind_files },
    { "SECONDS", NULL, kind_nothing },
    { "SRC", NULL, kind_files },
    { "STEP", NULL, kind_steps },
    { "[PATTERN:]DTYPE", NULL, kind_cast },
};

static void
offer_one_kind (struct offers *offers, const char *word)
{
    for (size_t i = 0; i < COUNT_OF (kinds); i++) {
        const struct kind *kind = &kinds[i];
        bool fits = !kind->option || (offers->option && strcmp (kind->option, offers->option) == 0);
        if (fits && strcmp (kind->word, word) == 0) {
            kind->offer (offers);
            return;
        }
    }
    offers_begin (offers, "unknown", word, strlen (word));
}

void
offer_value (struct offers *offers, const char *words)
{
    for (size_t length; *words; words += length + (words[length] == '|')) {
        length = strcspn (words, "|");
        CLEAN (text) char *word = copy_text (words, length);
        offer_one_kind (offers, word);
    }
}
