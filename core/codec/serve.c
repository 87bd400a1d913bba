/* serve.c - regions of tensors whose bytes their codec makes. */
#include "codec/call.h"

tenon_status
tn_serve (struct tn_catalog *catalog, const struct tn_tensor *tensor, const struct tenon_region *region,
          void *to, uint64_t size, tenon_error *error)
{
    const struct tn_instance *instance = &catalog->instances[tensor->instance];
    struct tn_run run = {
        .context = catalog->context, .error = error, .overlay = &catalog->overlay, .catalog = catalog
    };
    struct tn_call call;
    tn_call_begin (&call, &run, TN_CALL_READ, instance->codec);
    call.sources = tn_instance_sources (instance);
    call.source_count = instance->count;
    struct tenon_tensor theirs = { .struct_size = sizeof theirs,
                                   .dtype = tensor->dtype,
                                   .name = tensor->name,
                                   .name_length = tensor->name_length,
                                   .shape = tensor->shape,
                                   .rank = tensor->rank,
                                   .flags = tensor->flags,
                                   .storage = tensor->storage,
                                   .source = UINT32_MAX,
                                   .length = tensor->length,
                                   .cookie = tensor->cookie };
    for (uint32_t i = 0; i < instance->count; i++)
        if (call.sources[i] == tensor->source)
            theirs.source = i;
    const struct tenon_codec *codec = &catalog->context->registry.codecs[instance->codec]->table;
    tenon_status status = tn_call_end (&call, codec->read (&call.public, &theirs, region, to, size));
    tn_arena_free (&run.arena);
    return status;
}
