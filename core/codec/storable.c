/* SPDX-License-Identifier: MIT */
/* storable.c - holds the tensors of a plan against what a codec can store. */
#include "codec/storable.h"
#include "base/io.h"
#include "base/report.h"

bool
tn_can_store (const struct tenon_codec *codec, const struct tenon_dtype *dtype)
{
    if (dtype->kind == TENON_KIND_OPAQUE)
        return codec->opaque_family && strcmp (codec->opaque_family, dtype->family) == 0;
    if (!codec->dtypes)
        return true;
    for (const char *const *name = codec->dtypes; *name; name++)
        if (strcmp (*name, dtype->name) == 0)
            return true;
    return false;
}

uint32_t
tn_carrier_dtype (const struct tenon_codec *codec)
{
    return tn_can_store (codec, &tn_dtype_fixed[TENON_U8])   ? TENON_U8
           : tn_can_store (codec, &tn_dtype_fixed[TENON_I8]) ? TENON_I8
                                                             : TENON_NONE;
}

/* The table of a codec that says what it can store: an option may add dtypes. */
static const struct tenon_codec *
storing_table (const tenon_context *context, const struct tn_overlay *overlay, uint64_t number)
{
    const struct tn_codec *codec = context->registry.codecs[number];
    struct tenon_setting setting;
    uint32_t option = codec->dtypes_option;
    if (option > 0 && tn_overlay_get (context, overlay, number, option - 1, &setting)
        && strcmp (setting.text, codec->table.options[option - 1].value) == 0)
        return &codec->usual;
    return &codec->table;
}

tenon_status
tn_storing_codec (const tenon_context *context, const struct tn_overlay *overlay, uint64_t number,
                  const struct tenon_codec **storing, tenon_error *error)
{
    struct tn_codec **codecs = context->registry.codecs;
    *storing = storing_table (context, overlay, number);
    for (uint64_t depth = 0; codecs[number]->member_option > 0; depth++) {
        const struct tenon_codec *outer = &codecs[number]->table;
        struct tenon_setting setting;
        uint32_t option = codecs[number]->member_option - 1;
        if (!tn_overlay_get (context, overlay, number, option, &setting))
            break;
        if (depth > context->registry.codec_count)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "its members would lie in each other without end: %s.%s is '%.60s'", outer->id,
                            outer->options[option].name, setting.text);
        TN_TRY (tn_codec_find (context, setting.text, TN_TO_WRITE, &number, error));
        *storing = storing_table (context, overlay, number);
    }
    return TENON_OK;
}

/* True if the codec would hold the dtype with another value of its option: with another one than the default,
 * or with the default. */
static bool
option_adds (const tenon_context *context, const struct tenon_codec *storing, const struct tenon_dtype *dtype)
{
    for (uint64_t i = 0; i < context->registry.codec_count; i++) {
        const struct tn_codec *codec = context->registry.codecs[i];
        if (&codec->usual == storing)
            return tn_can_store (&codec->table, dtype);
        if (&codec->table == storing)
            return codec->table.default_dtypes && tn_can_store (&codec->usual, dtype);
    }
    return false;
}

/* The codec cannot hold this dtype. */
static tenon_status
fail_dtype (const tenon_context *context, const struct tenon_codec *codec, const struct tenon_codec *storing,
            const struct tenon_dtype *dtype, tenon_error *error)
{
    bool opaque = dtype->kind == TENON_KIND_OPAQUE,
         carries = codec->metadata != TENON_METADATA_NONE && tn_carrier_dtype (storing) != TENON_NONE;
    /* with another value of an option it could */
    const char *words = option_adds (context, storing, dtype) ? storing->dtypes_words : NULL;
    tn_fail_text (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the format %s cannot hold %s%.100s%s%.400s",
                  codec->id, opaque ? "items of the type " : "", tn_dtype_label (dtype), words ? ": " : "",
                  words ? words : "");
    if (opaque && carries)
        tn_advise (error, "TENON_SAVE_CARRY stores its bytes");
    else if (!opaque)
        tn_advise (error, "another dtype in tenon_plan_add_from converts it to one that the format holds%s",
                   carries ? "; TENON_SAVE_CARRY stores its bytes" : "");
    return error->status;
}

/* A container makes a member of each tensor, with its name and an extension. Names such as "../../x" stay,
 * since other libraries read and write them, too; but the user is told. */
static void
tell_names (struct tn_session *session, const struct tn_writer *writer)
{
    for (uint64_t i = 0; i < writer->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (writer->plan->own, writer->first + i);
        const char *words = tn_unpacking_words (tensor->name, tensor->name_length, true);
        if (words)
            tn_report_add (session->report, TENON_NOTE, TENON_OK, 0, tensor->name,
                           writer->path ? writer->path : "", "%s", words);
    }
}

tenon_status
tn_check_storable (struct tn_session *session, const struct tn_writer *writer,
                   const struct tenon_codec *codec, const struct tenon_codec *storing)
{
    const struct tn_catalog *own = writer->plan->own;
    if (codec->max_tensors > 0 && writer->count > codec->max_tensors) {
        tn_fail_text (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                      "the format %s holds at most %llu tensor%s, the plan has %llu", codec->id,
                      (unsigned long long) codec->max_tensors, codec->max_tensors == 1 ? "" : "s",
                      (unsigned long long) writer->count);
        return tn_advise (session->error, "choose with tenon_plan_add_from, or save in another format");
    }
    if (codec->max_tensors == 1 && writer->count == 0)
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the format %s holds one tensor, the plan has none", codec->id);
    if (codec->member_option && session->report)
        tell_names (session, writer);
    for (uint64_t i = 0; i < writer->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (own, writer->first + i);
        const struct tenon_dtype *dtype = tn_catalog_dtype (own, tensor->dtype);
        bool stored = tn_can_store (storing, dtype);
        if (stored && (storing->max_rank == 0 || tensor->rank <= storing->max_rank))
            continue;
        tn_fail_in (session->error, NULL, tensor->name);
        if (stored)
            return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "it has %u dims, the format %s holds at most %u", tensor->rank, codec->id,
                            storing->max_rank);
        return fail_dtype (session->context, codec, storing, dtype, session->error);
    }
    return TENON_OK;
}
