/**
 * What the statement policy of mode `read` knows by name. These are allow-lists: what is not here is denied, and a new
 * function of a new PostgreSQL stays denied until somebody has read what it does. Adding a name is a change of the terms
 * of access: it needs a line in `testdata/statements/read.jsonl`.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Functions of pg_catalog that only look at their arguments or at rows the role may see, or that psql's \d needs. */
export const readFunctions = words(`
  count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and bool_or every
  bit_and bit_or bit_xor any_value corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2
  regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_cont
  percentile_disc rank dense_rank percent_rank cume_dist row_number ntile lag lead first_value last_value nth_value
  range_agg range_intersect_agg

  abs cbrt ceil ceiling degrees div exp factorial floor gcd lcm ln log log10 mod pi power radians round scale sign sqrt
  trim_scale trunc width_bucket acos asin atan atan2 cos cot sin tan sinh cosh tanh asinh acosh atanh min_scale random
  erf erfc bool text int2 int4 int8 float4 float8 numeric

  ascii bit_length btrim char_length character_length chr concat concat_ws convert_from convert_to decode encode format
  initcap left length lower ltrim md5 normalize is_normalized octet_length overlay position quote_ident quote_literal
  quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
  regexp_split_to_table regexp_substr repeat lpad rpad replace reverse right rtrim split_part starts_with
  string_to_array string_to_table strpos substr substring text textlen to_ascii to_hex to_bin to_oct translate trim
  unistr upper varchar bpchar name casefold sha224 sha256 sha384 sha512 get_bit get_byte set_bit set_byte bit_count crc32
  like_escape similar_to_escape

  age clock_timestamp date date_bin date_part date_trunc date_add date_subtract extract isfinite justify_days
  justify_hours justify_interval make_date make_interval make_time make_timestamp make_timestamptz now overlaps
  statement_timestamp timeofday timezone to_char to_date to_number to_timestamp transaction_timestamp time timetz
  timestamp timestamptz interval

  array_append array_cat array_dims array_length array_lower array_ndims array_position array_positions
  array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort array_to_json
  array_to_string array_upper cardinality trim_array unnest generate_series generate_subscripts

  json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each
  json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_populate_record
  json_populate_recordset json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_array_elements
  jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_concat jsonb_contains
  jsonb_each jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text
  jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query
  jsonb_path_query_array jsonb_path_query_first jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set
  jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb

  num_nonnulls num_nulls pg_typeof pg_column_size gen_random_uuid uuidv7 uuid_extract_timestamp
  uuid_extract_version greatest least coalesce nullif

  isempty lower_inc lower_inf upper_inc upper_inf range_merge multirange int4range int8range numrange tsrange tstzrange
  daterange host hostmask masklen netmask network family broadcast abbrev set_masklen inet_same_family inet_merge

  to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline numnode
  querytree setweight strip tsvector_to_array array_to_tsvector ts_delete ts_filter tsquery_phrase

  area center diameter height isclosed isopen npoints pclose popen radius slope width box circle line lseg path point
  polygon diagonal bound_box

  current_database current_schema current_schemas current_setting version
  has_any_column_privilege has_column_privilege has_database_privilege has_schema_privilege has_table_privilege
  has_sequence_privilege has_function_privilege has_type_privilege pg_has_role row_security_active

  array_in array_out col_description format_type obj_description shobj_description pg_char_to_encoding
  pg_encoding_to_char pg_get_constraintdef pg_get_expr pg_get_function_arg_default pg_get_function_arguments
  pg_get_function_identity_arguments pg_get_function_result pg_get_indexdef pg_get_keywords pg_get_partkeydef
  pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_get_triggerdef pg_get_userbyid pg_get_viewdef
  pg_get_ruledef pg_get_serial_sequence pg_index_column_has_property pg_partition_ancestors pg_partition_root
  pg_relation_is_publishable pg_table_is_visible pg_type_is_visible pg_function_is_visible pg_operator_is_visible
  pg_collation_is_visible pg_opclass_is_visible pg_statistics_obj_is_visible pg_is_other_temp_schema
  to_regclass to_regtype to_regproc to_regnamespace to_regrole
`);

/** Functions that make a value of any asked length: their length must be a written number up to `longestMadeText`. */
export const lengthMakingFunctions = words('repeat lpad rpad');

/** The bound of `lengthMakingFunctions`; a page of text, not the gigabyte that PostgreSQL would build. */
export const longestMadeText = 10_000;

/**
 * Why a function that people ask for is not on the list. The first pattern that fits gives the sentence; what fits none
 * is told that it is not on the list. This decides nothing: the allow-list did.
 */
export const deniedFunctions: readonly (readonly [RegExp, string])[] = [
  [/^set_config$/, 'set_config changes settings out of sight of the policy'],
  [/^pg_sleep/, 'pg_sleep holds a connection without reading anything'],
  [/advisory/, 'advisory locks can block the application and carry signals between tenants'],
  [/^(lo_|loread|lowrite)/, 'large objects are stored outside of the tenant boundary'],
  [/^(pg_read|pg_ls|pg_stat_file|pg_current_logfile)/, "it reads the server's files"],
  [/^dblink|^postgres_fdw/, 'it opens a connection to another database'],
  [/_to_xml|xmlschema|^xml|^xpath/, 'it runs a query that the policy cannot see'],
  [/^pg_logical|^pg_replication|_slot|^pg_create|^pg_drop/, 'it writes to or reads from the replication stream'],
  [/^pg_export_snapshot/, 'a snapshot can be carried to another session'],
  [/^pg_stat|^pg_show|^pg_lock|^pg_blocking/, 'statistics count the rows of every tenant'],
  [/_size$|^pg_relation_file|^pg_size/, 'sizes are those of every tenant together'],
  [
    /^(pg_terminate|pg_cancel|pg_reload|pg_rotate|pg_switch|pg_promote|pg_wal|pg_backup|pg_start|pg_stop)/,
    'it administers the server',
  ],
  [/^pg_notify$/, 'notifications go to the sessions of other tenants'],
  [/^(nextval|setval|lastval|currval)$/, 'sequences belong to every tenant together'],
  [
    /^(txid_|pg_current_xact|pg_current_snapshot|pg_xact|pg_snapshot)/,
    'transaction numbers count the writes of every tenant',
  ],
  [/^ts_stat$|^cursor_to|^query_to|^table_to/, 'it runs a query that the policy cannot see'],
];

/** Relations of pg_catalog that psql's \d, \dn, \df, \l, \dx and the type look-ups of drivers read. */
export const catalogRelations = words(`
  pg_class pg_namespace pg_attribute pg_attrdef pg_type pg_enum pg_range pg_index pg_constraint pg_am pg_opclass
  pg_opfamily pg_operator pg_proc pg_language pg_cast pg_collation pg_description pg_inherits pg_partitioned_table
  pg_policy pg_trigger pg_rewrite pg_statistic_ext pg_publication pg_publication_rel pg_publication_namespace
  pg_foreign_table pg_foreign_server pg_database pg_tablespace pg_extension pg_roles pg_depend pg_aggregate
  pg_tables pg_views pg_indexes pg_timezone_names pg_timezone_abbrevs
`);

/** Relations of information_schema that tools read; each shows only what the role may reach. */
export const schemaRelations = words(`
  tables columns views schemata table_constraints key_column_usage constraint_column_usage referential_constraints
  column_domain_usage domains routines parameters check_constraints information_schema_catalog_name
`);

/** Columns of pg_class that count or measure the rows of every tenant together (GATEWAY section 4, SECURITY 18d). */
export const countingColumns = words(
  'reltuples relpages relallvisible relallfrozen relfrozenxid relminmxid relfilenode',
);

/** What SHOW and current_setting may answer. */
export const shownSettings = words(`
  application_name bytea_output client_encoding client_min_messages datestyle default_transaction_isolation
  default_transaction_read_only extra_float_digits in_hot_standby integer_datetimes intervalstyle is_superuser
  lc_collate lc_ctype lc_messages lc_monetary lc_numeric lc_time lock_timeout idle_in_transaction_session_timeout
  idle_session_timeout max_identifier_length max_index_keys search_path server_encoding server_version
  server_version_num session_authorization standard_conforming_strings statement_timeout timezone
  transaction_isolation transaction_read_only transaction_deferrable row_security block_size
`);

/** What SET and RESET may change, with the form that each value must have. */
export const settableSettings: ReadonlyMap<string, RegExp> = new Map([
  ['application_name', /^[\x20-\x7e]{0,63}$/],
  ['timezone', /^[A-Za-z0-9_+\-/:<>,. ]{1,64}$/],
  ['datestyle', /^[A-Za-z, ]{1,32}$/],
  ['intervalstyle', /^(postgres|postgres_verbose|sql_standard|iso_8601)$/i],
  ['extra_float_digits', /^-?[0-9]{1,2}$/],
  ['bytea_output', /^(hex|escape)$/i],
  ['client_min_messages', /^(debug[1-5]?|log|notice|info|warning|error)$/i],
  ['client_encoding', /^(utf-?8|unicode)$/i],
  ['standard_conforming_strings', /^(on|true|1|yes)$/i],
]);

/** Time limits that may be set, and only to something that ends: 1 ms to one hour. */
export const timeLimits = words(
  'statement_timeout lock_timeout idle_in_transaction_session_timeout idle_session_timeout',
);
