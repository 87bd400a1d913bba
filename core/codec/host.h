/* SPDX-License-Identifier: MIT */
/* host.h - the services that codecs call, and the table of them that every plugin gets.
 *
 * <tenon/plugin.h> says what each does. call.h declares those that read. */
#ifndef TN_HOST_H
#define TN_HOST_H
#include "codec/call.h"

extern const struct tenon_host tn_host;

/* ---- host_any.c, for every state ---- */

void tn_host_fail (struct tenon_call *public, int32_t status, uint32_t source, uint64_t offset,
                   const char *message);
void tn_host_note (struct tenon_call *public, uint32_t kind, const char *item, const char *message);
int32_t tn_host_cancelled (struct tenon_call *public);
tenon_status tn_host_work (struct tenon_call *public, uint64_t amount);
void *tn_host_scratch (struct tenon_call *public, uint64_t size);
tenon_status tn_host_option (struct tenon_call *public, uint32_t index, struct tenon_setting *setting);
uint64_t tn_host_limit (struct tenon_call *public, uint32_t number);
uint32_t tn_host_dtype_find (struct tenon_call *public, const char *name);
tenon_status tn_host_dtype_info (struct tenon_call *public, uint32_t dtype, struct tenon_dtype *info);
tenon_status tn_host_source_info (struct tenon_call *public, uint32_t number, struct tenon_source_info *info);
tenon_status tn_host_each_item (struct tenon_call *public, const struct tenon_value *array,
                                tenon_status (*visit) (void *user, const struct tenon_value *item),
                                void *user);
tenon_status tn_host_items (struct tenon_call *public, const struct tenon_value *array, uint64_t first,
                            uint64_t n, struct tenon_value *found);
tenon_status tn_host_checksum (struct tenon_call *public, uint32_t kind, const uint64_t *before,
                               const void *bytes, uint64_t length, uint64_t *sum);
const char *tn_host_answer (struct tenon_call *public);
uint64_t tn_host_hash (struct tenon_call *public, const void *bytes, uint64_t length);

/* ---- host_describe.c, for describe: tensors, dtypes and metadata ---- */

void tn_host_expect (struct tenon_call *, uint64_t, uint64_t);
tenon_status tn_host_add_dtype (struct tenon_call *, const struct tenon_dtype *, uint32_t *);
tenon_status tn_host_add_tensor (struct tenon_call *, struct tenon_tensor *);
tenon_status tn_host_skip_tensor (struct tenon_call *, const struct tenon_tensor *, tenon_status,
                                  const char *, const char *);
tenon_status tn_host_add_metadata (struct tenon_call *, const char *, uint64_t, const struct tenon_value *);
tenon_status tn_host_find_metadata (struct tenon_call *, const char *, uint64_t);
tenon_status tn_host_find (struct tenon_call *, const char *, uint64_t, struct tenon_tensor *);
tenon_status tn_host_described (struct tenon_call *, uint64_t, struct tenon_tensor *);
tenon_status tn_host_shard_info (struct tenon_call *, struct tenon_shard_info *);
tenon_status tn_host_leave_state (struct tenon_call *, const void *, uint64_t);

/* The steps of adding a tensor: room for one more, … */
tenon_status tn_call_new_tensor (struct tn_call *call, struct tn_tensor **slot);
/* … its name: one that the codec gives no name has its source's, the file's stem, or the member's, … */
tenon_status tn_call_name_tensor (struct tn_call *call, const struct tenon_tensor *from,
                                  struct tn_tensor *to);
/* (the name of a source, in scratch memory or the source's; `codec` may be NULL) */
tenon_status tn_call_source_name (struct tn_session *session, const struct tn_codec *codec,
                                  const struct tn_source *source, const char **name, uint64_t *length);
/* … and its entry in the catalog, or the place of the failure `status`. */
tenon_status tn_call_end_tensor (struct tn_call *call, struct tn_tensor *slot, uint64_t place,
                                 tenon_status status);

/* ---- host_skip.c, for describe: tensors that cannot be read ---- */

/* tn_host_skip_tensor of a struct that was checked, and of texts that are escaped. */
tenon_status tn_call_put_unreadable (struct tn_call *call, const struct tenon_tensor *tensor,
                                     tenon_status reason, const char *dtype, const char *why);

/* ---- host_sources.c, for describe: sources ---- */

tenon_status tn_host_add_part (struct tenon_call *, const struct tenon_part *, uint32_t *);
tenon_status tn_host_skip_part (struct tenon_call *, const struct tenon_part *, tenon_status, const char *);
tenon_status tn_host_open_key (struct tenon_call *, const char *, uint64_t, uint32_t *);
tenon_status tn_host_next_key (struct tenon_call *, const char *, uint64_t, struct tenon_key *);
/* Checks tenon_key.how. */
tenon_status tn_call_check_how (struct tn_call *call, uint32_t how, const char *prefix, uint64_t length);

/* ---- host_claim.c, for describe: keys that are not opened ---- */

tenon_status tn_host_claim_keys (struct tenon_call *, const struct tenon_claim *);
/* Remembers a key that describe opened: with its source, or with what open_key answers. */
tenon_status tn_call_enter_key (struct tn_call *call, const char *key, uint64_t length,
                                struct tn_source *source, tenon_status status);
/* After a describe that succeeded: opens the keys of an archive that it claimed. */
tenon_status tn_call_open_claimed (struct tn_call *call);

/* Adds a new source to the catalog, which takes it over, and numbers it for the codec. */
tenon_status tn_call_adopt_source (struct tn_call *call, struct tn_source *source, uint32_t *number);

/* ---- host_include.c, for describe: sources that other codecs describe ---- */

tenon_status tn_host_include (struct tenon_call *, uint32_t, const struct tenon_include *);

/* The steps of tn_host_include: choosing the codec, running it … */
struct tn_inclusion {
    struct tn_source *source;
    struct tenon_include how;
    uint64_t codec;
    uint32_t number;                            /* of the source, the codec's */
    uint64_t tensors, metadata, metadata_bytes; /* of the catalog before */
    bool chosen;                                /* the codec is known */
    const char *prefix;                         /* of its tensors; NULL: none */
    struct tn_mark mark;                        /* of the scratch memory before */
};
tenon_status tn_include_choose (struct tn_call *call, uint32_t number, const struct tenon_include *how,
                                struct tn_inclusion *inclusion);
tenon_status tn_include_run (struct tn_call *call, const struct tn_inclusion *inclusion);
/* … and, after a failure, whether it is that of the source alone, which the codec forgives: then the tensors
 * that it added become unreadable, or one that stands for it. */
/* (ends both, in any case) */
void tn_include_end (struct tn_call *call, const struct tn_inclusion *inclusion);
/* (the prefix of the tensors of a source) */
tenon_status tn_include_prefix (struct tn_call *call, const struct tn_source *source, uint32_t flags,
                                const char **prefix);
bool tn_include_forgives (const struct tn_call *call, const struct tn_inclusion *inclusion);
tenon_status tn_include_give_up (struct tn_call *call, const struct tn_inclusion *inclusion);

/* ---- host_write.c, for write: the plan, and bytes ---- */

tenon_status tn_host_plan_info (struct tenon_call *, struct tenon_plan_info *);
tenon_status tn_host_plan_tensor (struct tenon_call *, uint64_t, struct tenon_tensor *);
uint32_t tn_host_plan_metadata_flags (struct tenon_call *, uint64_t);
tenon_status tn_host_plan_metadata (struct tenon_call *, uint64_t, const char **, uint64_t *,
                                    struct tenon_value *);
tenon_status tn_host_put (struct tenon_call *, const void *, uint64_t);
tenon_status tn_host_put_tensor (struct tenon_call *, uint64_t, const struct tenon_layout *);
tenon_status tn_host_put_old (struct tenon_call *, uint64_t);
tenon_status tn_host_old_part (struct tenon_call *, uint64_t, const char **, uint64_t *);
tenon_status tn_host_align (struct tenon_call *, uint64_t, uint32_t);
uint64_t tn_host_tell (struct tenon_call *);
tenon_status tn_host_patch (struct tenon_call *, uint64_t, const void *, uint64_t);

/* ---- host_put_grid.c, for write: chunks ---- */

tenon_status tn_host_put_grid (struct tenon_call *, const struct tenon_grid_put *);

/* ---- host_items.c, for write: arrays of metadata ---- */

tenon_status tn_host_put_items (struct tenon_call *, const struct tenon_value *, uint32_t);

/* ---- host_member.c, for write: members of containers ---- */

tenon_status tn_host_put_member (struct tenon_call *, const struct tenon_member *,
                                 struct tenon_member_result *);

/* ---- host_put_key.c, for write: entries of a store, and files beside the target ---- */

tenon_status tn_host_put_key (struct tenon_call *, const struct tenon_entry *);
tenon_status tn_host_drop_key (struct tenon_call *, const char *, uint64_t);

/* ---- host_read.c, for write: the bytes of a tensor of the plan ---- */

tenon_status tn_host_read_tensor (struct tenon_call *, uint64_t, const struct tenon_layout *, uint64_t,
                                  void *, uint64_t);

#endif
