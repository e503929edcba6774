-- What somebody who owns the machine could do to the database. Each change is made past every
-- trigger and foreign key, on its own; after `--`: which step of the audit must find it, and what
-- it is. EXHIBIT and RELEASE stand for the identifiers of the test's story.

-- tree: an entry of the tree
UPDATE log_entry SET entry = entry || ' ' WHERE index = 3;

-- tree: an entry that is gone
DELETE FROM log_entry WHERE index = 3;

-- tree: the first entry gone
DELETE FROM log_entry WHERE index = 0;

-- tree: the last entry gone
DELETE FROM log_entry WHERE event = (SELECT event FROM log_entry ORDER BY index DESC LIMIT 1);

-- tree: two entries swapped
UPDATE log_entry SET index = -1 WHERE index = 3;
UPDATE log_entry SET index = 3 WHERE index = 4;
UPDATE log_entry SET index = 4 WHERE index = -1;

-- tree: a leaf
UPDATE log_node SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE level = 0 AND index =
  2;

-- tree: a node
UPDATE log_node SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE level = 2 AND index =
  1;

-- tree: a node gone
DELETE FROM log_node WHERE level = 1 AND index = 1;

-- tree: a node too many
INSERT INTO log_node SELECT 0, 1000, hash FROM log_node LIMIT 1;

-- tree: a node of no tree
INSERT INTO log_node SELECT 40, 0, hash FROM log_node LIMIT 1;

-- tree: a root
UPDATE log_root SET root = set_byte(root, 0, get_byte(root, 0) # 1) WHERE size = (SELECT
  min(size) FROM log_root);

-- tree: a root gone
DELETE FROM log_root WHERE size = (SELECT min(size) FROM log_root);

-- tree: a root of nothing
INSERT INTO log_root SELECT 0, root FROM log_root LIMIT 1;

-- tree: a longer log was promised
INSERT INTO log_root SELECT 5000, root FROM log_root LIMIT 1;

-- tree: the head of the log
UPDATE log_state SET size = size - 1;

-- tree: the root in the head
UPDATE log_state SET root = set_byte(root, 0, get_byte(root, 0) # 1);

-- tree: an alarm
UPDATE log_state SET alarm = 'stopped';

-- checkpoints: a checkpoint's signature
UPDATE log_checkpoint SET note = set_byte(note, length(note) - 20, 65 + (get_byte(note,
  length(note) - 20) + 1) % 20) WHERE size = (SELECT max(size) FROM log_checkpoint);

-- checkpoints: a checkpoint of another size
UPDATE log_checkpoint a SET note = b.note FROM log_checkpoint b WHERE a.size = (SELECT max(size)
  FROM log_checkpoint) AND b.size = (SELECT min(size) FROM log_checkpoint);

-- checkpoints: a checkpoint that is no note
UPDATE log_checkpoint SET note = 'nothing';

-- timestamps: a stamp
UPDATE log_stamp SET tsr = set_byte(tsr, 90, get_byte(tsr, 90) # 255);

-- timestamps: a stamp of another checkpoint
UPDATE log_stamp SET size = (SELECT max(size) FROM log_checkpoint) WHERE size = (SELECT
  min(size) FROM log_stamp);

-- timestamps: a stamp without a checkpoint
DELETE FROM log_checkpoint WHERE size = (SELECT min(size) FROM log_stamp);

-- events: an event's entry
UPDATE custody_event SET entry = entry || ' ' WHERE id = (SELECT received_event FROM exhibit
  WHERE id = 'EXHIBIT');

-- events: an event's MAC
UPDATE custody_event SET mac = set_byte(mac, 0, get_byte(mac, 0) # 1) WHERE id = (SELECT
  received_event FROM exhibit WHERE id = 'EXHIBIT');

-- events: an event's name in its row
UPDATE custody_event SET event = 'release.approved' WHERE event = 'release.refused';

-- events: an event's name that is none
UPDATE custody_event SET event = 'no.event' WHERE event = 'release.refused';

-- events: an event's time in its row
UPDATE custody_event SET at = at - interval '1 day' WHERE id = (SELECT received_event FROM
  exhibit WHERE id = 'EXHIBIT');

-- records: an event in another place of its record
UPDATE custody_event SET n = 77 WHERE id = (SELECT received_event FROM exhibit WHERE id =
  'EXHIBIT');

-- records: an event in another record
UPDATE custody_event SET record = 'RELEASE', n = 99 WHERE record = 'EXHIBIT' AND event =
  'exhibit.examined';

-- records: an event gone, and its place in the tree
DELETE FROM custody_event WHERE id = (SELECT received_event FROM exhibit WHERE id = 'EXHIBIT');

-- records: a whole record gone
DELETE FROM custody_record WHERE id = 'EXHIBIT';

-- records: the head of a record
UPDATE custody_record SET next_n = next_n - 1 WHERE id = 'EXHIBIT';

-- records: the last hash of a record
UPDATE custody_record SET head = '' WHERE id = 'EXHIBIT';

-- records: the kind of a record
UPDATE custody_record SET kind = 'person' WHERE id = 'EXHIBIT';

-- events: an event that waits again
INSERT INTO custody_outbox VALUES ((SELECT received_event FROM exhibit WHERE id = 'EXHIBIT'));

-- events: an event that nobody will place
DELETE FROM log_entry WHERE event = (SELECT event FROM log_entry ORDER BY index DESC LIMIT 1);

-- openings: a value
UPDATE custody_value SET value = '"somebody else"' WHERE field = 'actor' AND event = (SELECT
  received_event FROM exhibit WHERE id = 'EXHIBIT');

-- openings: a value gone
DELETE FROM custody_value WHERE field = 'files' AND event = (SELECT received_event FROM exhibit
  WHERE id = 'EXHIBIT');

-- openings: a person's value gone
DELETE FROM custody_value WHERE field = 'actor' AND event = (SELECT received_event FROM exhibit
  WHERE id = 'EXHIBIT');

-- openings: a value too many
INSERT INTO custody_value SELECT event, 'reason', value, key_record FROM custody_value WHERE
  field = 'actor' AND event = (SELECT received_event FROM exhibit WHERE id = 'EXHIBIT');

-- openings: a value that is no JSON
UPDATE custody_value SET value = '{' WHERE field = 'files' AND event = (SELECT received_event
  FROM exhibit WHERE id = 'EXHIBIT');

-- openings: a value that holds what joins values where they are read
UPDATE custody_value SET value = replace(value, ' ', chr(31)) WHERE field = 'reason' AND value LIKE
  '% %';

-- openings: two values in one row, which looks like both where they are read
UPDATE custody_value a SET field = 'actor,basis', value = a.value || chr(31) || b.value FROM
  custody_value b WHERE a.field = 'actor' AND b.field = 'basis' AND a.event = b.event;
DELETE FROM custody_value WHERE field = 'basis';

-- openings: a value under another key
UPDATE custody_value SET key_record = 'RELEASE' WHERE field = 'files' AND event = (SELECT
  received_event FROM exhibit WHERE id = 'EXHIBIT');

-- openings: a record's key
UPDATE record_key SET wrapped = set_byte(wrapped, 0, get_byte(wrapped, 0) # 1) WHERE record =
  'EXHIBIT';

-- records: an exhibit's key gone
DELETE FROM record_key WHERE record = 'EXHIBIT';

-- records: a person's key gone
DELETE FROM record_key WHERE record = (SELECT key_record FROM custody_value WHERE field =
  'actor' LIMIT 1);

-- database: a master's digest
UPDATE exhibit_file SET sha256 =
  '0000000000000000000000000000000000000000000000000000000000000000' WHERE kind = 'master' AND
  exhibit = 'EXHIBIT';

-- database: a master's size
UPDATE exhibit_file SET size = size + 1 WHERE kind = 'master';

-- database: a master gone
DELETE FROM exhibit_file WHERE kind = 'master' AND exhibit = 'EXHIBIT';

-- database: a copy's digest
UPDATE exhibit_file SET sha256 =
  '0000000000000000000000000000000000000000000000000000000000000000' WHERE kind = 'copy';

-- database: a derivation's digest
UPDATE exhibit_file SET sha256 =
  '0000000000000000000000000000000000000000000000000000000000000000' WHERE kind = 'derivation';

-- database: a contact sheet's digest
UPDATE exhibit_file SET sha256 =
  '0000000000000000000000000000000000000000000000000000000000000000' WHERE kind = 'contact_sheet';

-- database: a contact sheet that is said to be a copy
UPDATE exhibit_file SET kind = 'copy' WHERE kind = 'contact_sheet';

-- database: the place of a copy
UPDATE exhibit_file SET position = 1 WHERE kind = 'copy' AND exhibit = 'EXHIBIT';

-- database: a copy gone
DELETE FROM exhibit_file WHERE kind = 'copy';

-- database: when files were read again
UPDATE exhibit SET read_at = '2001-01-01' WHERE id = 'EXHIBIT';

-- database: for what an exhibit is kept
UPDATE exhibit SET retention_class = 'civil' WHERE id = 'EXHIBIT';

-- database: an exhibit that nobody put into a class
UPDATE exhibit SET retention_class = NULL WHERE id = 'EXHIBIT';

-- database: a class that somebody wrote to the database alone
UPDATE exhibit SET retention_class = 'police' WHERE retention_class IS NULL AND state = 'attention';

-- database: a review that is put off
UPDATE exhibit SET review_due_at = review_due_at + interval '1 year' WHERE id = 'EXHIBIT';

-- database: a review that never was
UPDATE exhibit SET review_due_at = NULL WHERE id = 'EXHIBIT';

-- database: a clock's offset
UPDATE exhibit SET description = jsonb_set(description, '{clock_check,offset_ms}', '0');

-- database: when a clock was checked
UPDATE exhibit SET description = jsonb_set(description, '{clock_check,checked_at}',
  '"2026-01-01T00:00:00Z"') WHERE id = 'EXHIBIT';

-- database: a clock that nobody checked
UPDATE exhibit SET description = jsonb_set(description, '{clock_check}', 'null') WHERE id =
  'EXHIBIT';

-- database: a reference
UPDATE exhibit SET reference = 'ZZ/99' WHERE id = 'EXHIBIT';

-- database: a title
UPDATE exhibit SET title = 'another street' WHERE id = 'EXHIBIT';

-- database: a camera
UPDATE exhibit SET camera = 'BAR-0018' WHERE id = 'EXHIBIT';

-- database: a displayed start
UPDATE exhibit SET displayed_start = '2026-11-20T14:02:59+00:00' WHERE id = 'EXHIBIT';

-- database: a displayed end
UPDATE exhibit SET displayed_end = 'tomorrow' WHERE id = 'EXHIBIT';

-- database: a corrected start
UPDATE exhibit SET corrected_start = corrected_start + interval '1 ms' WHERE id = 'EXHIBIT';

-- database: a corrected end
UPDATE exhibit SET corrected_end = corrected_end - interval '1 second' WHERE id = 'EXHIBIT';

-- database: the name of a camera
UPDATE exhibit SET description = jsonb_set(description, '{camera,name}', '"Mill Lane"') WHERE id =
  'EXHIBIT';

-- database: how a clip was exported
UPDATE exhibit SET description = jsonb_set(description, '{export,method}', '"by cloud"') WHERE id =
  'EXHIBIT';

-- database: in which role it was exported
UPDATE exhibit SET description = jsonb_set(description, '{export,by_role}', '"releaser"') WHERE
  id = 'EXHIBIT';

-- database: the start of one file
UPDATE exhibit SET description = jsonb_set(description, '{files,0,displayed_start}',
  '"2026-11-20T14:02:59+00:00"') WHERE id = 'EXHIBIT';

-- database: a confirmation that nobody gave
UPDATE exhibit SET description = jsonb_set(description, '{confirmed}', '["clock_offset"]') WHERE
  id = 'EXHIBIT';

-- database: a description with more in it
UPDATE exhibit SET description = description || '{"more": 1}' WHERE id = 'EXHIBIT';

-- database: a description that no event can hold
UPDATE exhibit SET description = jsonb_set(description, '{clock_check,offset_ms}', '1.5') WHERE id =
  'EXHIBIT';

-- database: a description that is a list
UPDATE exhibit SET description = '[1]' WHERE id = 'EXHIBIT';

-- database: a description of odd files
UPDATE exhibit SET description = jsonb_set(description, '{files}', '[7]') WHERE id = 'EXHIBIT';

-- database: a description that is gone
UPDATE exhibit SET description = '{}' WHERE id = 'EXHIBIT';

-- database: when an exhibit was received
UPDATE exhibit SET received_at = received_at - interval '1 second' WHERE id = 'EXHIBIT';

-- database: the place of a master
UPDATE exhibit_file SET position = 1 WHERE kind = 'master' AND exhibit = 'EXHIBIT';

-- database: what was measured
UPDATE exhibit SET facts = '[]' WHERE id = 'EXHIBIT';

-- database: an exhibit set back
UPDATE exhibit SET state = 'received' WHERE id = 'EXHIBIT';

-- database: another receipt
UPDATE exhibit SET received_event = (SELECT id FROM custody_event WHERE record = 'EXHIBIT' AND n
  = 1) WHERE id = 'EXHIBIT';

-- database: an exhibit gone
DELETE FROM exhibit WHERE id = 'EXHIBIT';

-- database: a release gone
DELETE FROM release WHERE id = 'RELEASE';

-- database: an exhibit from nowhere
UPDATE exhibit SET id = gen_random_uuid() WHERE id = 'EXHIBIT';

-- database: why a release was approved
UPDATE release SET reason = 'it is fine' WHERE id = 'RELEASE';

-- database: on which basis
UPDATE release SET basis = 'none' WHERE id = 'RELEASE';

-- database: an exhibit put into a release
INSERT INTO release_exhibit SELECT 'RELEASE', id FROM exhibit WHERE id != 'EXHIBIT';

-- database: a refusal made an approval
UPDATE release SET state = 'approved', approved_at = now() WHERE state = 'refused';

-- database: a release that nobody sealed
UPDATE release SET state = 'sealed' WHERE state = 'refused';

-- database: a collection that never was
UPDATE release SET collected_at = NULL WHERE id = 'RELEASE';

-- database: a sealed signature
UPDATE seal_file SET data = data || ' ' WHERE path = 'seal/tagmanifest-sha256.txt.p7s';

-- database: another sealing
UPDATE seal_step SET facts = jsonb_set(facts, '{event}', to_jsonb((SELECT id FROM custody_event
  WHERE record = 'RELEASE' AND n = 0))) WHERE step = 'ledger';

-- database: a package's digest
UPDATE seal_step SET facts = jsonb_set(facts, '{sha256}',
  '"0000000000000000000000000000000000000000000000000000000000000000"') WHERE step = 'check';

-- database: a reading back gone
DELETE FROM seal_step WHERE step = 'check';

-- database: who approved
UPDATE release SET approved_by = proposed_by WHERE id = 'RELEASE';

-- database: when it was approved
UPDATE release SET approved_at = approved_at - interval '1 day' WHERE id = 'RELEASE';

-- database: an approval that was urgent
UPDATE release SET urgent = true WHERE id = 'RELEASE';

-- database: who proposed
UPDATE release SET proposed_by = approved_by WHERE id = 'RELEASE';

-- database: when it was proposed
UPDATE release SET proposed_at = proposed_at - interval '1 day' WHERE id = 'RELEASE';

-- database: for which organisation
UPDATE release SET organisation = 'Somebody Else Ltd' WHERE id = 'RELEASE';

-- database: to whom
UPDATE release SET recipient = (SELECT recipient FROM release WHERE id != 'RELEASE' LIMIT 1) WHERE
  id = 'RELEASE';

-- database: to which address
UPDATE person SET email = 'else@example.org' WHERE id = (SELECT recipient FROM release WHERE id =
  'RELEASE');

-- database: when it left the house
UPDATE release SET collected_at = collected_at - interval '1 day' WHERE id = 'RELEASE';

-- database: when an exhibit came
UPDATE exhibit SET received_at = received_at - interval '1 day' WHERE id = 'EXHIBIT';

-- database: of which exhibit a hold is
UPDATE legal_hold SET exhibit = (SELECT id FROM exhibit WHERE id != 'EXHIBIT' LIMIT 1);

-- database: why a hold was placed
UPDATE legal_hold SET reason = 'nobody knows' WHERE lifted_at IS NULL;

-- database: who placed a hold
UPDATE legal_hold SET placed_by = (SELECT proposed_by FROM release WHERE id = 'RELEASE');

-- database: when a hold was placed
UPDATE legal_hold SET placed_at = placed_at - interval '1 day';

-- database: a hold that was lifted by nobody
UPDATE legal_hold SET lifted_at = placed_at WHERE lifted_at IS NULL;

-- database: when a hold was lifted
UPDATE legal_hold SET lifted_at = lifted_at + interval '1 day' WHERE lifted_at IS NOT NULL;

-- database: a lifted hold that holds again
UPDATE legal_hold SET lifted_at = NULL WHERE lifted_at IS NOT NULL;

-- database: a hold gone
DELETE FROM legal_hold WHERE lifted_at IS NULL;

-- database: a hold from nowhere
INSERT INTO legal_hold SELECT (json_populate_record(h, json_build_object('id',
  gen_random_uuid()))).* FROM legal_hold h LIMIT 1;

-- database: when a link ends
UPDATE link SET expires_at = expires_at + interval '30 days';

-- database: when a link was issued
UPDATE link SET issued_at = issued_at - interval '1 day';

-- database: a link gone
DELETE FROM link;

-- database: a link that works again
UPDATE link SET number = 2;

-- database: a revoked link of a revoked release
UPDATE release SET state = 'revoked', ended_at = now(), ended_by = proposed_by WHERE id IN (SELECT
  release FROM link);

-- database: a release in no state
UPDATE release SET state = 'lost' WHERE id = 'RELEASE';

-- database: an exhibit in no state
UPDATE exhibit SET state = 'lost' WHERE id = 'EXHIBIT';

-- database: an exhibit that needs nobody
UPDATE exhibit SET state = 'attention' WHERE id = 'EXHIBIT';

-- database: an exhibit that is ready without a copy
UPDATE exhibit SET state = 'ready' WHERE state = 'attention';

-- database: an approval by somebody at no time
UPDATE release SET approved_by = proposed_by WHERE state = 'refused';

-- database: a confirmation that nobody gave
UPDATE release SET seconded_reason = 'fine' WHERE id = 'RELEASE';

-- database: an end without its state
UPDATE release SET ended_at = now(), ended_by = proposed_by WHERE id = 'RELEASE';

-- database: a package that left and never was
UPDATE release SET collected_at = now() WHERE state = 'refused';

-- database: a recipient who is nobody
UPDATE release SET recipient = gen_random_uuid() WHERE id = 'RELEASE';

-- database: facts in no form of ours
UPDATE exhibit SET facts = '[1]' WHERE id = 'EXHIBIT';

-- database: a description in no form of ours
UPDATE exhibit SET description = '[1]' WHERE id = 'EXHIBIT';

-- database: a reading back in no form of ours
UPDATE seal_step SET facts = '[1]' WHERE step = 'check';

-- database: a place in the ledger in no form of ours
UPDATE seal_step SET facts = '{"event": "none"}' WHERE step = 'ledger';

-- database: taken back by nobody at no time
UPDATE release SET state = 'revoked' WHERE id = 'RELEASE';

-- openings: a role in no form of ours
UPDATE custody_value SET value = '{' WHERE field = 'role' AND event IN (SELECT id FROM custody_event
  WHERE event = 'role.changed');

-- database: a role that nobody gave
UPDATE api_token SET roles = '{releaser,operator,governance}' WHERE person = (SELECT proposed_by
  FROM release WHERE id = 'RELEASE');

-- database: where a master lies
UPDATE exhibit_file SET version = 'another' WHERE kind = 'master' AND exhibit = 'EXHIBIT';

-- database: the name of a copy
UPDATE exhibit_file SET name = 'another.mp4' WHERE kind = 'copy' AND exhibit = 'EXHIBIT';

-- database: how a copy compares
UPDATE exhibit_file SET words = 'Every picture is there.' WHERE kind = 'copy';

-- database: a master that is another upload
UPDATE upload SET key = 'uploads/another' WHERE exhibit = 'EXHIBIT';

-- database: a finding gone
UPDATE exhibit SET findings = '[]' WHERE findings != '[]';

-- database: a finding made up
UPDATE exhibit SET findings = findings || '[{"words": "fine"}]' WHERE id = 'EXHIBIT';

-- database: a reference number
UPDATE release SET urn = 'BAR-2222-2222-2' WHERE id = 'RELEASE';

-- database: which number a release has
UPDATE release SET number = 7 WHERE id = 'RELEASE';

-- database: how a release is to leave
UPDATE release SET delivery = 'link' WHERE id = 'RELEASE';

-- database: how long its link is to work
UPDATE release SET link_days = 90 WHERE id = 'RELEASE';

-- database: a file that nobody chose
INSERT INTO release_file SELECT 'RELEASE', id FROM exhibit_file WHERE exhibit = 'EXHIBIT' AND kind =
  'copy';

-- database: a link that opens by another token
UPDATE link SET token_sha256 = repeat('0', 64);

-- database: a link with more downloads
UPDATE link SET downloads_allowed = 99;

-- database: a download that nobody was allowed
DELETE FROM download;

-- database: a receipt of another package
UPDATE receipt SET sha256 = repeat('0', 64);

-- database: in which words a hand-off was accepted
UPDATE handoff SET acceptance = 'no';

-- database: who took a package out
UPDATE release SET taken_by = approved_by WHERE taken_by IS NOT NULL;

-- database: who watched
UPDATE viewing SET person = (SELECT approved_by FROM release WHERE id = 'RELEASE');

-- database: a small file of a sealed package
UPDATE seal_file SET data = data || ' ' WHERE path LIKE '%README.html' AND release = 'RELEASE';

-- database: where a package lies
UPDATE seal_step SET facts = jsonb_set(facts, '{version}', '"another"') WHERE step = 'archive';

-- database: when a step of a sealing was done
UPDATE seal_step SET done_at = done_at - interval '1 day' WHERE step = 'payload';

-- database: the name of a member of staff
UPDATE person SET name = 'Somebody Else' WHERE id = (SELECT proposed_by FROM release WHERE id =
  'RELEASE');

-- database: a person gone
DELETE FROM person WHERE id = (SELECT proposed_by FROM release WHERE id = 'RELEASE');

-- database: since when a token counts
UPDATE api_token SET created_at = created_at - interval '1 day';

-- database: a token that was taken back by nobody
UPDATE api_token SET revoked_at = now();

-- database: a token gone
DELETE FROM api_token WHERE person = (SELECT proposed_by FROM release WHERE id = 'RELEASE');

-- database: a token that nobody made
INSERT INTO api_token SELECT repeat('0', 64), person, roles, created_at, NULL, expires_at
  FROM api_token LIMIT 1;

-- openings: a value under a key that nobody has
UPDATE custody_value SET key_record = gen_random_uuid() WHERE field = 'actor' AND event = (SELECT
  received_event FROM exhibit WHERE id = 'EXHIBIT');

-- tree: an entry that stands for another event
UPDATE log_entry SET event = gen_random_uuid() WHERE index = 3;

-- database: papers of a sealing that went by themselves
DELETE FROM seal_file WHERE path NOT LIKE '%tagmanifest%';

-- database: papers of a sealing that were erased without an event
INSERT INTO seal_erasure SELECT 'RELEASE', proposed_by, now(), 'no event', 9 FROM release
  WHERE id = 'RELEASE';

-- database: a departure that never was
INSERT INTO departure SELECT gen_random_uuid(), release, way, person, role, sha256, at FROM departure
  WHERE release = 'RELEASE';

-- database: a departure that is gone
DELETE FROM departure WHERE release = 'RELEASE';

-- database: who took a package out
UPDATE departure SET person = (SELECT proposed_by FROM release WHERE state = 'refused' LIMIT 1), role = 'x'
  WHERE release = 'RELEASE';

-- database: the role of whoever took a package out
UPDATE departure SET role = 'recipient' WHERE release = 'RELEASE';

-- database: what left the house
UPDATE departure SET sha256 = repeat('ab', 32) WHERE release = 'RELEASE';

-- database: who of the staff was the first
UPDATE release SET taken_by = recipient WHERE id = 'RELEASE';

-- database: by which way it left
UPDATE departure SET way = 'link' WHERE release = 'RELEASE';

-- database: a token that lasts longer than it was made to
UPDATE api_token SET expires_at = expires_at + interval '1 day';

-- database: a camera that is made public
UPDATE camera SET sensitive = false WHERE sensitive;

-- database: a camera that was somewhere else
UPDATE camera_placement SET latitude = latitude + 9000 WHERE number = 0;

-- database: a camera that is gone from the register
DELETE FROM camera WHERE reference = 'BAR-0007';

-- database: a camera that nobody put there
INSERT INTO camera SELECT gen_random_uuid(), 'X', former, kind, siting, views, owner, maker, origin,
  sensitive, gone_on FROM camera LIMIT 1;

-- database: a list of cameras that nobody took over
INSERT INTO camera_import SELECT number + 1, record, person, role, at, sha256, facts,
  register_sha256 FROM camera_import WHERE number = 2;

-- database: every list of cameras gone
DELETE FROM camera_import;
-- database: a request that is further than its events say
UPDATE request SET state = 'released' WHERE state = 'releasing';

-- database: a request that nobody paid for
UPDATE fee SET state = 'due', paid_by = NULL, paid_at = NULL
  WHERE stage = 'release' AND request IN (SELECT id FROM request);

-- database: a request that is gone
DELETE FROM request WHERE path = 'insurer';

-- database: what a request asked for
UPDATE request_facts SET facts = jsonb_set(facts, '{answers,street}', '"Low Street"');

-- database: what a request asked for, gone
DELETE FROM request_facts;

-- database: whoever asked
UPDATE request SET person = (SELECT id FROM person WHERE issuer IS NULL AND email = '' LIMIT 1);

-- database: a document that was checked, and never was
UPDATE request_document SET checked_at = received_at WHERE checked_at IS NULL;

-- database: a document of a request, gone
DELETE FROM request_document WHERE deleted_at IS NOT NULL;

-- database: a document that was another one
UPDATE request_document SET sha256 = repeat('ab', 32) WHERE deleted_at IS NULL;

-- database: a document whose deletion is denied
UPDATE request_document SET deleted_at = NULL;

-- database: whoever approved a request
UPDATE request_step SET person = (SELECT person FROM request_step WHERE event = 'review.completed')
  WHERE event = 'request.approved';

-- database: what somebody wrote about a request
UPDATE request_message SET words = 'something else' WHERE number = (SELECT min(number) FROM
  request_message);

-- database: a message that is gone
DELETE FROM request_message WHERE number = (SELECT max(number) FROM request_message);

-- database: a message that nobody wrote
INSERT INTO request_message SELECT request, number + 100, words FROM request_message LIMIT 1;

-- database: a message that nobody has read
DELETE FROM request_step WHERE event = 'correspondence.read';

-- database: erased, and nobody said so
UPDATE request SET erased_at = now() WHERE state = 'releasing';

-- database: erased at another time
UPDATE request SET erased_at = erased_at + interval '1 day' WHERE erased_at IS NOT NULL;

-- database: erased, and said not to be
UPDATE request SET erased_at = NULL WHERE erased_at IS NOT NULL;

-- database: what an erased request asked for, made up
INSERT INTO request_facts SELECT id, '{}' FROM request WHERE erased_at IS NOT NULL;

-- database: what an erased request was told, made up
UPDATE request_step SET told = told || '{"reason": "made up"}' WHERE event = 'request.withdrawn';

-- database: who withdrew what was erased
UPDATE request_step SET person = (SELECT approved_by FROM release WHERE id = 'RELEASE')
  WHERE event = 'request.withdrawn';

-- database: the name of somebody who was erased
UPDATE person SET name = 'Jo Smith' WHERE name = '';

-- database: somebody without a name whom nobody erased
UPDATE person SET name = '' WHERE id = (SELECT recipient FROM release WHERE id = 'RELEASE');

-- records: a key destroyed without an event
DELETE FROM record_key WHERE record = (SELECT id FROM request WHERE state = 'releasing');
-- database: what the register of cameras said of a request
UPDATE request_step SET told = jsonb_set(told, '{facts,named}', '["BAR-0001"]')
  WHERE event = 'coverage.found';

-- database: preserved, and nobody said so
UPDATE request SET preserved_at = submitted_at WHERE preserved_at IS NULL;
-- database: the organisation of a claims system
UPDATE requester SET organisation = 'Another';

-- database: a claims system of nobody
DELETE FROM requester;

-- database: a fee that is paid, and by nobody
UPDATE fee SET state = 'paid' WHERE state = 'waived';

-- database: what a fee costs
UPDATE fee SET pence = 1, vat_pence = 0 WHERE paid_by IS NOT NULL;

-- database: a payment that failed, made one that counts
UPDATE fee SET paid_by = (SELECT id FROM payment WHERE state = 'failed') WHERE paid_by IS NOT NULL;

-- database: a refund that never was
INSERT INTO refund SELECT gen_random_uuid(), payment, 9, pence, reason, ordered_by, role, ordered_at,
  state, 'another', failed_reason, ended_at FROM refund WHERE state = 'success' LIMIT 1;

-- database: a refund that is gone
DELETE FROM refund WHERE number = (SELECT max(number) FROM refund);

-- database: a payment that is gone
DELETE FROM payment WHERE state = 'failed';

-- database: a fee that is gone
DELETE FROM fee WHERE demanded;

-- database: a difference that nobody settled
UPDATE payment_difference SET settled_at = now(), settled_reason = 'all is well'
  WHERE settled_at IS NULL;

-- database: a difference that is gone
DELETE FROM payment_difference WHERE settled_at IS NOT NULL;

-- database: a fee that is on account, and nobody put it there
UPDATE fee SET state = 'on_account', paid_at = now() WHERE state = 'waived';

-- database: a fee on account that is due again
UPDATE fee SET state = 'due', paid_at = NULL WHERE state = 'on_account';

-- database: a line of an account that is gone
DELETE FROM invoice_line WHERE number > 0;

-- database: a credit that nobody gave
INSERT INTO invoice_line SELECT gen_random_uuid(), account, fee, 1, -100, -17, claim_reference,
  purchase_order, 'made up', person, role, at FROM invoice_line WHERE fee IN (SELECT id FROM fee
  WHERE state = 'on_account') LIMIT 1;

-- database: a line that is on no statement any more
UPDATE invoice_line SET statement = NULL WHERE statement IS NOT NULL;

-- database: a statement that nobody made
INSERT INTO invoice_statement SELECT (json_populate_record(s, json_build_object('number', 99,
  'month', '2020-01-01'))).* FROM invoice_statement s LIMIT 1;

-- database: a statement that is gone
DELETE FROM invoice_statement WHERE settled_at IS NULL;

-- database: a statement that nobody settled
UPDATE invoice_statement SET settled_at = now(), remittance = 'x', settled_by = (SELECT settled_by
  FROM invoice_statement WHERE settled_by IS NOT NULL LIMIT 1) WHERE settled_at IS NULL;

-- database: an account that nobody approved
UPDATE invoice_account SET state = 'open' WHERE state = 'proposed';

-- database: an account that is gone
DELETE FROM invoice_account WHERE state = 'proposed';

-- database: mailboxes that nobody agreed on
INSERT INTO invoice_domain SELECT 'stranger.example', id FROM invoice_account WHERE state = 'open';

-- database: a limit that nobody agreed on
UPDATE invoice_account SET terms = jsonb_set(terms, '{limit}', '9999999');
-- database: what a request is counted as
UPDATE request SET outcome = 'withdrawn' WHERE outcome = 'found';

-- database: whether footage helped
UPDATE feedback SET outcome = 'not_useful' WHERE erased_at IS NULL;

-- database: in which words somebody said that footage helped
UPDATE feedback SET words = 'no' WHERE erased_at IS NULL;

-- database: words that were erased by nobody
UPDATE feedback SET words = '', salt = '', erased_at = at, erased_by = person, erased_reason = 'so'
  WHERE erased_at IS NULL;

-- database: an answer that is gone
DELETE FROM feedback WHERE erased_at IS NULL;

-- database: an audit that found nothing
UPDATE log_audit SET failures = 7;

-- database: an audit gone
DELETE FROM log_audit;

-- database: an erasure that nobody approved
UPDATE person_erasure SET decided_by = asked_by, decided_at = now() WHERE decided_at IS NULL;

-- database: an erasure that is done, and was not
UPDATE person_erasure SET done_at = now() WHERE decided_at IS NULL;

-- database: somebody else who was to be erased
UPDATE person_erasure_subject SET person = (SELECT asked_by FROM person_erasure LIMIT 1)
  WHERE erasure IN (SELECT id FROM person_erasure WHERE done_at IS NOT NULL);

-- database: an erasure that is gone
DELETE FROM person_erasure WHERE done_at IS NOT NULL;

-- database: words of a release whose recipient is erased
UPDATE release SET purpose = 'made up' WHERE id IN (SELECT release FROM release_erasure);

-- openings: a word of a release that was emptied by nobody
UPDATE custody_value SET value = '' WHERE field = 'purpose' AND event IN (SELECT id FROM
  custody_event WHERE record = 'RELEASE');

-- database: a disposal that nobody approved
UPDATE disposal SET decided_by = proposed_by, decided_at = now() WHERE decided_at IS NULL;

-- database: a certificate with another word
UPDATE disposal SET certificate = certificate || 'x' WHERE certificate IS NOT NULL;

-- database: an exhibit that goes before its time, and was not to
UPDATE disposal SET early = NOT early WHERE decided_at IS NULL;

-- database: a disposal that is gone
DELETE FROM disposal WHERE done_at IS NOT NULL;

-- database: an exhibit that is said to be disposed of
UPDATE exhibit SET state = 'disposed' WHERE id = 'EXHIBIT';

-- records: the key of an exhibit that was to be kept
DELETE FROM record_key WHERE record IN (SELECT exhibit FROM disposal WHERE done_at IS NULL);
