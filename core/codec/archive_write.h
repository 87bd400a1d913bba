/* SPDX-License-Identifier: MIT */
/* archive_write.h - writes a store into an archive: the codec of the archive, and the entries of the keyed
 * codec. */
#ifndef TN_ARCHIVE_WRITE_H
#define TN_ARCHIVE_WRITE_H
#include "codec/call.h"
#include "codec/write.h"
#include "sink/encode_sink.h"

struct tn_entries;

/* Begins the archive at the sink of the keyed codec's writer, which from then on takes bytes inside of
 * entries only. `writer` is that of the keyed codec `keyed`. */
tenon_status tn_entries_begin (struct tn_session *session, struct tn_writer *writer,
                               const struct tn_codec *keyed);
/* Ends the entry that is open, and if nothing failed the archive; frees writer->entries. */
tenon_status tn_entries_end (struct tn_session *session, struct tn_writer *writer, tenon_status status);

/* The checksum that an entry gets, by what it asks for. TENON_E_UNSUPPORTED: the store has another, or none.
 */
tenon_status tn_entries_choose_check (struct tn_call *call, uint32_t *check);
/* put_key, of a struct that was copied, and has its checksum; NULL: ends the open entry. */
tenon_status tn_entries_put_key (struct tn_call *call, const struct tenon_entry *entry);
/* True while an entry is open. */
bool tn_entries_are_open (const struct tn_entries *entries);
tenon_status tn_entries_drop_key (struct tn_call *call, const char *key, uint64_t length);
/* What stands before and behind a member of the plan that put_member writes. Between them the writer's sink
 * is that of the archive. */
tenon_status tn_entries_begin_member (struct tn_call *call, const struct tenon_member *member);
tenon_status tn_entries_end_member (struct tn_call *call, const struct tenon_member_result *result);

#endif
