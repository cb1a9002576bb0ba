BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE audit (
	seq BIGINT NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(80) NOT NULL, 
	action VARCHAR(40) NOT NULL, 
	target TEXT NOT NULL, 
	details JSON NOT NULL, 
	previous_hash VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (seq)
);
INSERT INTO "audit" VALUES(1,'2026-03-02 01:00:00.000000','system:dump','key.created','keys/01a20827-2ba3-7604-bf4b-bd8c3a2dc16a','{"role": "admin", "originals": false, "grids": []}','0000000000000000000000000000000000000000000000000000000000000000','633c598a98451ec8a20285e5cba72c728e8b6b722d46727c4f6f09f8341e8e1d');
CREATE TABLE cameras (
	id VARCHAR(36) NOT NULL, 
	code VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	place VARCHAR(8) NOT NULL, 
	site TEXT, 
	lat FLOAT, 
	lon FLOAT, 
	labels JSON NOT NULL, 
	hours JSON NOT NULL, 
	zones JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	state VARCHAR(12), 
	state_since DATETIME, 
	heartbeat_at DATETIME, 
	frame_sha256 VARCHAR(64), 
	retired_at DATETIME, 
	CONSTRAINT pk_cameras PRIMARY KEY (id), 
	CONSTRAINT fk_cameras_frame_sha256_photos FOREIGN KEY(frame_sha256) REFERENCES photos (sha256), 
	CONSTRAINT uq_cameras_code UNIQUE (code)
);
CREATE TABLE case_events (
	seq INTEGER NOT NULL, 
	id VARCHAR(36) NOT NULL, 
	case_id VARCHAR(36) NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(80) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	from_state VARCHAR(16), 
	to_state VARCHAR(16) NOT NULL, 
	reason TEXT, 
	details JSON NOT NULL, 
	CONSTRAINT pk_case_events PRIMARY KEY (seq), 
	CONSTRAINT fk_case_events_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id), 
	CONSTRAINT uq_case_events_id UNIQUE (id)
);
INSERT INTO "case_events" VALUES(1,'01a20827-2bbc-72a8-8938-627d7b67f6ae','01a20827-2bbb-7987-9272-861613686f65','2026-03-02 01:00:00.000000','system:intake','opened',NULL,'collected',NULL,'{"report_id": "01a20827-2ba8-783c-8b6f-a8245b1e3bdd", "source": "citizen", "findings": 1}');
INSERT INTO "case_events" VALUES(2,'01a20827-2bca-7789-a660-239c32d9b209','01a20827-2bbb-7987-9272-861613686f65','2026-03-02 01:01:00.000000','system:intake','report_joined','collected','collected',NULL,'{"report_id": "01a20827-2bc1-765f-9585-00a533da87ce", "source": "citizen", "findings": 1, "why": "near", "distance_m": 0.0, "bits": null}');
INSERT INTO "case_events" VALUES(3,'01a20827-2bd4-7dd3-93e0-41fa307fa101','01a20827-2bd3-7453-879f-738ddf849c79','2026-03-02 01:02:00.000000','system:intake','opened',NULL,'collected',NULL,'{"report_id": "01a20827-2bce-7ddd-bd78-f60c46e1f2aa", "source": "citizen", "findings": 0}');
INSERT INTO "case_events" VALUES(4,'01a20827-2bd7-7245-a803-dd9e1665a006','01a20827-2bbb-7987-9272-861613686f65','2026-03-02 01:04:00.000000','key:01a20827-2ba3-7604-bf4b-bd8c3a2dc16a','verify','collected','verified',NULL,'{}');
INSERT INTO "case_events" VALUES(5,'01a20827-2bd9-7e70-a9c4-cce7c9deb02b','01a20827-2bbb-7987-9272-861613686f65','2026-03-02 01:05:00.000000','key:01a20827-2ba3-7604-bf4b-bd8c3a2dc16a','file','verified','filed',NULL,'{}');
INSERT INTO "case_events" VALUES(6,'01a20827-2bdb-7872-8031-d158a70a3356','01a20827-2bbb-7987-9272-861613686f65','2026-03-02 01:06:00.000000','key:01a20827-2ba3-7604-bf4b-bd8c3a2dc16a','dispatch','filed','dispatched',NULL,'{}');
CREATE TABLE case_reports (
	case_id VARCHAR(36) NOT NULL, 
	report_id VARCHAR(36) NOT NULL, 
	joined_at DATETIME NOT NULL, 
	why VARCHAR(24) NOT NULL, 
	distance_m FLOAT, 
	findings JSON NOT NULL, 
	CONSTRAINT pk_case_reports PRIMARY KEY (case_id, report_id), 
	CONSTRAINT fk_case_reports_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id), 
	CONSTRAINT fk_case_reports_report_id_reports FOREIGN KEY(report_id) REFERENCES reports (id)
);
INSERT INTO "case_reports" VALUES('01a20827-2bbb-7987-9272-861613686f65','01a20827-2ba8-783c-8b6f-a8245b1e3bdd','2026-03-02 01:00:00.000000','opened',NULL,'["f1"]');
INSERT INTO "case_reports" VALUES('01a20827-2bbb-7987-9272-861613686f65','01a20827-2bc1-765f-9585-00a533da87ce','2026-03-02 01:01:00.000000','near',0.0,'["f1"]');
INSERT INTO "case_reports" VALUES('01a20827-2bd3-7453-879f-738ddf849c79','01a20827-2bce-7ddd-bd78-f60c46e1f2aa','2026-03-02 01:02:00.000000','opened',NULL,'[]');
CREATE TABLE cases (
	id VARCHAR(36) NOT NULL, 
	number VARCHAR(24) NOT NULL, 
	label VARCHAR(64), 
	event_code VARCHAR(32), 
	state VARCHAR(16) NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	lat FLOAT, 
	lon FLOAT, 
	place_cell BIGINT, 
	address TEXT, 
	grid_code VARCHAR(64), 
	severity VARCHAR(8), 
	priority INTEGER NOT NULL, 
	reports_count INTEGER NOT NULL, 
	reporters_count INTEGER NOT NULL, 
	photo_sha256 VARCHAR(64), 
	opened_at DATETIME NOT NULL, 
	state_since DATETIME NOT NULL, 
	review_due_at DATETIME, 
	due_at DATETIME, 
	due_note TEXT, 
	ended_at DATETIME, 
	merged_into VARCHAR(36), 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_cases PRIMARY KEY (id), 
	CONSTRAINT fk_cases_photo_sha256_photos FOREIGN KEY(photo_sha256) REFERENCES photos (sha256), 
	CONSTRAINT uq_cases_number UNIQUE (number)
);
INSERT INTO "cases" VALUES('01a20827-2bbb-7987-9272-861613686f65','2026-000001','overflowing_bin','200102','dispatched','citizen',31.23,121.47,10910828890,NULL,NULL,'medium',380,2,2,'cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f','2026-03-02 01:00:00.000000','2026-03-02 01:06:00.000000','2026-03-02 03:00:00.000000','2026-03-02 06:36:00.000000',NULL,NULL,NULL,5);
INSERT INTO "cases" VALUES('01a20827-2bd3-7453-879f-738ddf849c79','2026-000002',NULL,NULL,'collected','citizen',31.23,122.47,10910829318,NULL,NULL,NULL,200,1,1,'389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196','2026-03-02 01:02:00.000000','2026-03-02 01:02:00.000000','2026-03-02 03:02:00.000000',NULL,NULL,NULL,NULL,1);
CREATE TABLE closing_checks (
	id VARCHAR(36) NOT NULL, 
	case_id VARCHAR(36) NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(80) NOT NULL, 
	photo_sha256 VARCHAR(64) NOT NULL, 
	lat FLOAT, 
	lon FLOAT, 
	outcome VARCHAR(16) NOT NULL, 
	reasons JSON NOT NULL, 
	score JSON, 
	CONSTRAINT pk_closing_checks PRIMARY KEY (id), 
	CONSTRAINT fk_closing_checks_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id), 
	CONSTRAINT fk_closing_checks_photo_sha256_photos FOREIGN KEY(photo_sha256) REFERENCES photos (sha256)
);
CREATE TABLE counters (
	name VARCHAR(40) NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_counters PRIMARY KEY (name)
);
INSERT INTO "counters" VALUES('case-2026',2);
CREATE TABLE deliveries (
	id INTEGER NOT NULL, 
	webhook_id VARCHAR(36) NOT NULL, 
	event_seq INTEGER NOT NULL, 
	subject VARCHAR(80) NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	claim BIGINT DEFAULT '0' NOT NULL, 
	created_at DATETIME NOT NULL, 
	next_at DATETIME NOT NULL, 
	last_status SMALLINT, 
	last_error TEXT, 
	ended_at DATETIME, 
	CONSTRAINT pk_deliveries PRIMARY KEY (id), 
	CONSTRAINT fk_deliveries_event_seq_outbox FOREIGN KEY(event_seq) REFERENCES outbox (seq), 
	CONSTRAINT fk_deliveries_webhook_id_webhooks FOREIGN KEY(webhook_id) REFERENCES webhooks (id)
);
CREATE TABLE grid_cells (
	code VARCHAR(64) NOT NULL, 
	name TEXT, 
	geometry JSON NOT NULL, 
	CONSTRAINT pk_grid_cells PRIMARY KEY (code)
);
CREATE TABLE idempotency (
	key_hash VARCHAR(64) NOT NULL, 
	request_hash VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	subject VARCHAR(36) NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY (key_hash)
);
CREATE TABLE incidents (
	id VARCHAR(80) NOT NULL, 
	camera_id VARCHAR(36) NOT NULL, 
	label VARCHAR(64) NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	updated_at DATETIME NOT NULL, 
	revision INTEGER NOT NULL, 
	frames INTEGER NOT NULL, 
	peak JSON NOT NULL, 
	photo_sha256 VARCHAR(64), 
	report_id VARCHAR(36), 
	CONSTRAINT pk_incidents PRIMARY KEY (id), 
	CONSTRAINT fk_incidents_camera_id_cameras FOREIGN KEY(camera_id) REFERENCES cameras (id), 
	CONSTRAINT fk_incidents_photo_sha256_photos FOREIGN KEY(photo_sha256) REFERENCES photos (sha256), 
	CONSTRAINT fk_incidents_report_id_reports FOREIGN KEY(report_id) REFERENCES reports (id)
);
CREATE TABLE jobs (
	report_id VARCHAR(36) NOT NULL, 
	created_at DATETIME NOT NULL, 
	run_at DATETIME NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	claim BIGINT DEFAULT '0' NOT NULL, 
	last_error TEXT, 
	CONSTRAINT pk_jobs PRIMARY KEY (report_id), 
	CONSTRAINT fk_jobs_report_id_reports FOREIGN KEY(report_id) REFERENCES reports (id)
);
CREATE TABLE keys (
	id VARCHAR(36) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	originals BOOLEAN NOT NULL, 
	grids JSON NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	created_by VARCHAR(80) NOT NULL, 
	revoked_at DATETIME, 
	CONSTRAINT pk_keys PRIMARY KEY (id), 
	CONSTRAINT uq_keys_hash UNIQUE (hash)
);
INSERT INTO "keys" VALUES('01a20827-2ba3-7604-bf4b-bd8c3a2dc16a','desk','admin',0,'[]','bc07767c19d3243b3ee4fef4ff5d9efce24812eef1ea6000bd24e52bbab522f4','2026-03-02 01:00:00.000000','system:dump',NULL);
CREATE TABLE outbox (
	seq INTEGER NOT NULL, 
	id VARCHAR(36) NOT NULL, 
	type VARCHAR(60) NOT NULL, 
	subject VARCHAR(80) NOT NULL, 
	grid_code VARCHAR(64), 
	at DATETIME NOT NULL, 
	data JSON NOT NULL, 
	CONSTRAINT pk_outbox PRIMARY KEY (seq), 
	CONSTRAINT uq_outbox_id UNIQUE (id)
);
INSERT INTO "outbox" VALUES(1,'01a20827-2bac-76ee-a2a9-a045ef1d131a','cn.street-issues.report.received','reports/01a20827-2ba8-783c-8b6f-a8245b1e3bdd',NULL,'2026-03-02 01:00:00.000000','{"report": {"id": "01a20827-2ba8-783c-8b6f-a8245b1e3bdd", "source": "citizen", "state": "waiting", "has_photo": true, "label": null, "path": "/v1/reports/01a20827-2ba8-783c-8b6f-a8245b1e3bdd"}}');
INSERT INTO "outbox" VALUES(2,'01a20827-2bbe-7dcb-ac46-e74ac6a4ec1c','cn.street-issues.case.opened','cases/01a20827-2bbb-7987-9272-861613686f65',NULL,'2026-03-02 01:00:00.000000','{"case": {"id": "01a20827-2bbb-7987-9272-861613686f65", "number": "2026-000001", "label": "overflowing_bin", "event_code": "200102", "state": "collected", "source": "citizen", "position": {"lat": 31.23, "lng": 121.47}, "grid_code": null, "severity": "medium", "priority": 300, "reports_count": 1, "reporters_count": 1, "opened_at": "2026-03-02T01:00:00Z", "review_due_at": "2026-03-02T03:00:00Z", "due_at": null, "ended_at": null, "merged_into": null, "version": 1, "path": "/v1/cases/01a20827-2bbb-7987-9272-861613686f65"}, "action": "opened", "from_state": null, "actor": "system:intake"}');
INSERT INTO "outbox" VALUES(3,'01a20827-2bbf-7524-a0cb-d5d4cb057aac','cn.street-issues.report.scored','reports/01a20827-2ba8-783c-8b6f-a8245b1e3bdd',NULL,'2026-03-02 01:00:00.000000','{"report": {"id": "01a20827-2ba8-783c-8b6f-a8245b1e3bdd", "source": "citizen", "state": "scored", "has_photo": true, "label": null, "path": "/v1/reports/01a20827-2ba8-783c-8b6f-a8245b1e3bdd"}, "cases": ["01a20827-2bbb-7987-9272-861613686f65"]}');
INSERT INTO "outbox" VALUES(4,'01a20827-2bc3-74f7-8496-4c4a70822aa4','cn.street-issues.report.received','reports/01a20827-2bc1-765f-9585-00a533da87ce',NULL,'2026-03-02 01:01:00.000000','{"report": {"id": "01a20827-2bc1-765f-9585-00a533da87ce", "source": "citizen", "state": "waiting", "has_photo": true, "label": null, "path": "/v1/reports/01a20827-2bc1-765f-9585-00a533da87ce"}}');
INSERT INTO "outbox" VALUES(5,'01a20827-2bcc-7419-a31d-1377451c8f0a','cn.street-issues.case.report_joined','cases/01a20827-2bbb-7987-9272-861613686f65',NULL,'2026-03-02 01:01:00.000000','{"case": {"id": "01a20827-2bbb-7987-9272-861613686f65", "number": "2026-000001", "label": "overflowing_bin", "event_code": "200102", "state": "collected", "source": "citizen", "position": {"lat": 31.23, "lng": 121.47}, "grid_code": null, "severity": "medium", "priority": 380, "reports_count": 2, "reporters_count": 2, "opened_at": "2026-03-02T01:00:00Z", "review_due_at": "2026-03-02T03:00:00Z", "due_at": null, "ended_at": null, "merged_into": null, "version": 2, "path": "/v1/cases/01a20827-2bbb-7987-9272-861613686f65"}, "action": "report_joined", "from_state": "collected", "actor": "system:intake"}');
INSERT INTO "outbox" VALUES(6,'01a20827-2bcd-7a2b-ae39-fc70196f1780','cn.street-issues.report.scored','reports/01a20827-2bc1-765f-9585-00a533da87ce',NULL,'2026-03-02 01:01:00.000000','{"report": {"id": "01a20827-2bc1-765f-9585-00a533da87ce", "source": "citizen", "state": "scored", "has_photo": true, "label": null, "path": "/v1/reports/01a20827-2bc1-765f-9585-00a533da87ce"}, "cases": ["01a20827-2bbb-7987-9272-861613686f65"]}');
INSERT INTO "outbox" VALUES(7,'01a20827-2bcf-727c-932c-a155e2e52768','cn.street-issues.report.received','reports/01a20827-2bce-7ddd-bd78-f60c46e1f2aa',NULL,'2026-03-02 01:02:00.000000','{"report": {"id": "01a20827-2bce-7ddd-bd78-f60c46e1f2aa", "source": "citizen", "state": "waiting", "has_photo": true, "label": null, "path": "/v1/reports/01a20827-2bce-7ddd-bd78-f60c46e1f2aa"}}');
INSERT INTO "outbox" VALUES(8,'01a20827-2bd5-7638-9f92-ab75c7cf7c58','cn.street-issues.case.opened','cases/01a20827-2bd3-7453-879f-738ddf849c79',NULL,'2026-03-02 01:02:00.000000','{"case": {"id": "01a20827-2bd3-7453-879f-738ddf849c79", "number": "2026-000002", "label": null, "event_code": null, "state": "collected", "source": "citizen", "position": {"lat": 31.23, "lng": 122.47}, "grid_code": null, "severity": null, "priority": 200, "reports_count": 1, "reporters_count": 1, "opened_at": "2026-03-02T01:02:00Z", "review_due_at": "2026-03-02T03:02:00Z", "due_at": null, "ended_at": null, "merged_into": null, "version": 1, "path": "/v1/cases/01a20827-2bd3-7453-879f-738ddf849c79"}, "action": "opened", "from_state": null, "actor": "system:intake"}');
INSERT INTO "outbox" VALUES(9,'01a20827-2bd6-7a72-9f31-8eae5112658e','cn.street-issues.report.scored','reports/01a20827-2bce-7ddd-bd78-f60c46e1f2aa',NULL,'2026-03-02 01:02:00.000000','{"report": {"id": "01a20827-2bce-7ddd-bd78-f60c46e1f2aa", "source": "citizen", "state": "scored", "has_photo": true, "label": null, "path": "/v1/reports/01a20827-2bce-7ddd-bd78-f60c46e1f2aa"}, "cases": ["01a20827-2bd3-7453-879f-738ddf849c79"]}');
INSERT INTO "outbox" VALUES(10,'01a20827-2bd8-77d1-a20c-69a5047f5b6e','cn.street-issues.case.verified','cases/01a20827-2bbb-7987-9272-861613686f65',NULL,'2026-03-02 01:04:00.000000','{"case": {"id": "01a20827-2bbb-7987-9272-861613686f65", "number": "2026-000001", "label": "overflowing_bin", "event_code": "200102", "state": "verified", "source": "citizen", "position": {"lat": 31.23, "lng": 121.47}, "grid_code": null, "severity": "medium", "priority": 380, "reports_count": 2, "reporters_count": 2, "opened_at": "2026-03-02T01:00:00Z", "review_due_at": "2026-03-02T03:00:00Z", "due_at": null, "ended_at": null, "merged_into": null, "version": 3, "path": "/v1/cases/01a20827-2bbb-7987-9272-861613686f65"}, "action": "verify", "from_state": "collected", "actor": "key:01a20827-2ba3-7604-bf4b-bd8c3a2dc16a"}');
INSERT INTO "outbox" VALUES(11,'01a20827-2bda-7968-a690-8aeb3702bc19','cn.street-issues.case.filed','cases/01a20827-2bbb-7987-9272-861613686f65',NULL,'2026-03-02 01:05:00.000000','{"case": {"id": "01a20827-2bbb-7987-9272-861613686f65", "number": "2026-000001", "label": "overflowing_bin", "event_code": "200102", "state": "filed", "source": "citizen", "position": {"lat": 31.23, "lng": 121.47}, "grid_code": null, "severity": "medium", "priority": 380, "reports_count": 2, "reporters_count": 2, "opened_at": "2026-03-02T01:00:00Z", "review_due_at": "2026-03-02T03:00:00Z", "due_at": null, "ended_at": null, "merged_into": null, "version": 4, "path": "/v1/cases/01a20827-2bbb-7987-9272-861613686f65"}, "action": "file", "from_state": "verified", "actor": "key:01a20827-2ba3-7604-bf4b-bd8c3a2dc16a"}');
INSERT INTO "outbox" VALUES(12,'01a20827-2bdc-7944-a4ad-7ce81f30d384','cn.street-issues.case.dispatched','cases/01a20827-2bbb-7987-9272-861613686f65',NULL,'2026-03-02 01:06:00.000000','{"case": {"id": "01a20827-2bbb-7987-9272-861613686f65", "number": "2026-000001", "label": "overflowing_bin", "event_code": "200102", "state": "dispatched", "source": "citizen", "position": {"lat": 31.23, "lng": 121.47}, "grid_code": null, "severity": "medium", "priority": 380, "reports_count": 2, "reporters_count": 2, "opened_at": "2026-03-02T01:00:00Z", "review_due_at": "2026-03-02T03:00:00Z", "due_at": "2026-03-02T06:36:00Z", "ended_at": null, "merged_into": null, "version": 5, "path": "/v1/cases/01a20827-2bbb-7987-9272-861613686f65"}, "action": "dispatch", "from_state": "filed", "actor": "key:01a20827-2ba3-7604-bf4b-bd8c3a2dc16a"}');
CREATE TABLE photo_bands (
	band SMALLINT NOT NULL, 
	bits INTEGER NOT NULL, 
	case_id VARCHAR(36) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_photo_bands PRIMARY KEY (band, bits, case_id, sha256), 
	CONSTRAINT fk_photo_bands_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
);
INSERT INTO "photo_bands" VALUES(0,53041,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(1,41175,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(2,37973,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(3,43960,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(4,24939,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(5,62734,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(6,19792,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(7,19706,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(8,59061,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(9,12202,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(10,5689,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(11,12505,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(12,8691,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(13,31612,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(14,5481,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(15,48799,'01a20827-2bbb-7987-9272-861613686f65','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f');
INSERT INTO "photo_bands" VALUES(0,61526,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(1,30621,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(2,62412,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(3,63279,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(4,11992,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(5,8569,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(6,2322,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(7,61065,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(8,31968,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(9,25297,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(10,24683,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(11,54285,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(12,61520,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(13,57311,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(14,7520,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(15,41343,'01a20827-2bbb-7987-9272-861613686f65','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f');
INSERT INTO "photo_bands" VALUES(0,14488,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(1,1471,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(2,44846,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(3,54163,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(4,30862,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(5,11866,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(6,9350,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(7,4692,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(8,8949,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(9,21754,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(10,38734,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(11,18181,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(12,12930,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(13,47468,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(14,12420,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
INSERT INTO "photo_bands" VALUES(15,29078,'01a20827-2bd3-7453-879f-738ddf849c79','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196');
CREATE TABLE photos (
	sha256 VARCHAR(64) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	media_type VARCHAR(40) NOT NULL, 
	stored_at DATETIME NOT NULL, 
	image_wh JSON, 
	captured_at DATETIME, 
	perceptual_hash VARCHAR(64), 
	plates JSON, 
	original_deleted_at DATETIME, 
	kept_sha256 VARCHAR(64), 
	CONSTRAINT pk_photos PRIMARY KEY (sha256)
);
INSERT INTO "photos" VALUES('cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f',9,'image/jpeg','2026-03-02 01:00:00.000000','[1000, 1000]',NULL,'cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f','[]',NULL,NULL);
INSERT INTO "photos" VALUES('f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f',15,'image/jpeg','2026-03-02 01:01:00.000000','[1000, 1000]',NULL,'f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f','[]',NULL,NULL);
INSERT INTO "photos" VALUES('389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196',12,'image/jpeg','2026-03-02 01:02:00.000000','[1000, 1000]',NULL,'389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196','[]',NULL,NULL);
CREATE TABLE reports (
	id VARCHAR(36) NOT NULL, 
	received_at DATETIME NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	photo_sha256 VARCHAR(64), 
	file_name TEXT, 
	label VARCHAR(64), 
	note TEXT, 
	contact JSON, 
	reporter_hash VARCHAR(64), 
	lat FLOAT, 
	lon FLOAT, 
	accuracy_m FLOAT, 
	datum VARCHAR(8), 
	position_from VARCHAR(16), 
	address TEXT, 
	media_url TEXT, 
	key_id VARCHAR(36), 
	state VARCHAR(16) NOT NULL, 
	score JSON, 
	scored_at DATETIME, 
	erased_at DATETIME, 
	CONSTRAINT pk_reports PRIMARY KEY (id), 
	CONSTRAINT fk_reports_photo_sha256_photos FOREIGN KEY(photo_sha256) REFERENCES photos (sha256)
);
INSERT INTO "reports" VALUES('01a20827-2ba8-783c-8b6f-a8245b1e3bdd','2026-03-02 01:00:00.000000','citizen','cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f',NULL,NULL,'满了',NULL,NULL,31.23,121.47,NULL,'wgs84','sent',NULL,NULL,NULL,'scored','{"schema": 1, "source": "01a20827-2ba8-783c-8b6f-a8245b1e3bdd", "sha256": "cf31a0d79455abb8616bf50e4d504cfae6b52faa163930d921f37b7c1569be9f", "image_wh": [1000, 1000], "captured_at": null, "position": null, "findings": [{"id": "f1", "label": "overflowing_bin", "score": 0.9, "box_xyxy": [100, 100, 400, 500], "flagged": true, "severity": "medium", "evidence": {}}], "context": [], "warnings": [], "model": {"name": "fake", "version": "0.0.0", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}, "elapsed_ms": 1.0, "error": null}','2026-03-02 01:00:00.000000',NULL);
INSERT INTO "reports" VALUES('01a20827-2bc1-765f-9585-00a533da87ce','2026-03-02 01:01:00.000000','citizen','f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f',NULL,NULL,'满了',NULL,NULL,31.23,121.47,NULL,'wgs84','sent',NULL,NULL,NULL,'scored','{"schema": 1, "source": "01a20827-2bc1-765f-9585-00a533da87ce", "sha256": "f056779df3ccf72f2ed821790912ee897ce062d1606bd40df050dfdf1d60a17f", "image_wh": [1000, 1000], "captured_at": null, "position": null, "findings": [{"id": "f1", "label": "overflowing_bin", "score": 0.9, "box_xyxy": [100, 100, 400, 500], "flagged": true, "severity": "medium", "evidence": {}}], "context": [], "warnings": [], "model": {"name": "fake", "version": "0.0.0", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}, "elapsed_ms": 1.0, "error": null}','2026-03-02 01:01:00.000000',NULL);
INSERT INTO "reports" VALUES('01a20827-2bce-7ddd-bd78-f60c46e1f2aa','2026-03-02 01:02:00.000000','citizen','389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196',NULL,NULL,'满了',NULL,NULL,31.23,122.47,NULL,'wgs84','sent',NULL,NULL,NULL,'scored','{"schema": 1, "source": "01a20827-2bce-7ddd-bd78-f60c46e1f2aa", "sha256": "389805bfaf2ed393788e2e5a2486125422f554fa974e47053282b96c30847196", "image_wh": [1000, 1000], "captured_at": null, "position": null, "findings": [], "context": [], "warnings": [], "model": {"name": "fake", "version": "0.0.0", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}, "elapsed_ms": 1.0, "error": null}','2026-03-02 01:02:00.000000',NULL);
CREATE TABLE retention (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	originals_deleted INTEGER NOT NULL, 
	bytes_deleted BIGINT NOT NULL, 
	CONSTRAINT pk_retention PRIMARY KEY (id)
);
CREATE TABLE shadow_scores (
	report_id VARCHAR(36) NOT NULL, 
	model VARCHAR(120) NOT NULL, 
	at DATETIME NOT NULL, 
	score JSON NOT NULL, 
	CONSTRAINT pk_shadow_scores PRIMARY KEY (report_id, model), 
	CONSTRAINT fk_shadow_scores_report_id_reports FOREIGN KEY(report_id) REFERENCES reports (id)
);
CREATE TABLE toilets (
	id VARCHAR(80) NOT NULL, 
	name TEXT NOT NULL, 
	lat FLOAT NOT NULL, 
	lon FLOAT NOT NULL, 
	address TEXT, 
	opening_hours TEXT, 
	wheelchair VARCHAR(8), 
	fee BOOLEAN, 
	details JSON NOT NULL, 
	CONSTRAINT pk_toilets PRIMARY KEY (id)
);
CREATE TABLE verdicts (
	id VARCHAR(36) NOT NULL, 
	case_id VARCHAR(36) NOT NULL, 
	photo_sha256 VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(80) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	body JSON NOT NULL, 
	CONSTRAINT pk_verdicts PRIMARY KEY (id), 
	CONSTRAINT fk_verdicts_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id), 
	CONSTRAINT fk_verdicts_photo_sha256_photos FOREIGN KEY(photo_sha256) REFERENCES photos (sha256)
);
CREATE TABLE webhooks (
	id VARCHAR(36) NOT NULL, 
	url TEXT NOT NULL, 
	types JSON NOT NULL, 
	grids JSON NOT NULL, 
	secrets JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	created_by VARCHAR(80) NOT NULL, 
	disabled_at DATETIME, 
	disabled_why TEXT, 
	CONSTRAINT pk_webhooks PRIMARY KEY (id)
);
CREATE TABLE work_items (
	case_id VARCHAR(36) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	label VARCHAR(64), 
	grid_code VARCHAR(64), 
	priority INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	available_at DATETIME NOT NULL, 
	lease_token BIGINT DEFAULT '0' NOT NULL, 
	leased_by VARCHAR(36), 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	last_error TEXT, 
	taken_at DATETIME, 
	parked_at DATETIME, 
	CONSTRAINT pk_work_items PRIMARY KEY (case_id), 
	CONSTRAINT fk_work_items_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
);
INSERT INTO "work_items" VALUES('01a20827-2bbb-7987-9272-861613686f65','dispatched','overflowing_bin',NULL,380,'2026-03-02 01:00:00.000000','2026-03-02 01:06:00.000000',1772413200003,NULL,0,NULL,NULL,NULL);
INSERT INTO "work_items" VALUES('01a20827-2bd3-7453-879f-738ddf849c79','collected',NULL,NULL,200,'2026-03-02 01:02:00.000000','2026-03-02 01:02:00.000000',1772413320000,NULL,0,NULL,NULL,NULL);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX ix_photos_kept_sha256 ON photos (kept_sha256);
CREATE INDEX ix_photos_stored_at ON photos (stored_at);
CREATE INDEX ix_cases_due_at ON cases (due_at);
CREATE INDEX ix_cases_grid_code_opened_at ON cases (grid_code, opened_at);
CREATE INDEX ix_cases_near ON cases (place_cell, label) WHERE ended_at IS NULL;
CREATE INDEX ix_cases_opened_at_id ON cases (opened_at, id);
CREATE INDEX ix_cases_photo_sha256 ON cases (photo_sha256);
CREATE INDEX ix_cases_state_priority_opened_at ON cases (state, priority, opened_at);
CREATE INDEX ix_reports_photo_sha256 ON reports (photo_sha256);
CREATE INDEX ix_reports_received_at ON reports (received_at);
CREATE INDEX ix_reports_reporter_hash ON reports (reporter_hash);
CREATE INDEX ix_case_events_case_id_seq ON case_events (case_id, seq);
CREATE INDEX ix_case_reports_report_id ON case_reports (report_id);
CREATE INDEX ix_jobs_run_at ON jobs (run_at);
CREATE INDEX ix_closing_checks_case_id_at ON closing_checks (case_id, at);
CREATE INDEX ix_closing_checks_photo_sha256 ON closing_checks (photo_sha256);
CREATE INDEX ix_photo_bands_case_id ON photo_bands (case_id);
CREATE INDEX ix_verdicts_at_id ON verdicts (at, id);
CREATE INDEX ix_verdicts_case_id ON verdicts (case_id);
CREATE INDEX ix_verdicts_photo_sha256 ON verdicts (photo_sha256);
CREATE INDEX ix_work_items_order ON work_items (state, priority DESC, since, case_id) WHERE taken_at IS NULL AND parked_at IS NULL;
CREATE INDEX ix_outbox_at ON outbox (at);
CREATE INDEX ix_outbox_subject_seq ON outbox (subject, seq);
CREATE INDEX ix_toilets_lat ON toilets (lat);
CREATE INDEX ix_deliveries_event_seq ON deliveries (event_seq);
CREATE INDEX ix_deliveries_order ON deliveries (webhook_id, subject, event_seq) WHERE state = 'waiting';
CREATE INDEX ix_deliveries_waiting ON deliveries (webhook_id, next_at) WHERE state = 'waiting';
CREATE INDEX ix_deliveries_webhook_id_id ON deliveries (webhook_id, id);
CREATE INDEX ix_incidents_camera_id_started_at ON incidents (camera_id, started_at);
CREATE INDEX ix_incidents_photo_sha256 ON incidents (photo_sha256);
COMMIT;
