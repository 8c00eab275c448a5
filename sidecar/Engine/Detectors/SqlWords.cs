using System.Text;

namespace WafOperator.Engine.Detectors;

/// <summary>Words of the SQL dialects of MySQL, PostgreSQL, SQL Server, Oracle and SQLite, by what they do.</summary>
internal static class SqlWords
{
    private const int Slots = 2048;

    private static readonly (byte Type, string Words)[] Groups =
    [
        (SqlType.Logic, "and or xor"),
        (SqlType.Not, "not"),
        (SqlType.Like, "like rlike regexp ilike glob similar match sounds"),
        (SqlType.In, "in"),
        (SqlType.Is, "is isnull notnull"),
        (SqlType.Between, "between"),
        (SqlType.Arithmetic, "div mod collate"),
        (SqlType.Union, "union intersect except minus"),
        (SqlType.Quantifier, "all distinct distinctrow top any some"),
        (SqlType.Select, "select"),
        (SqlType.From, "from into"),
        (SqlType.Where, "where having"),
        (SqlType.Clause, "order group limit offset procedure returning"),
        (SqlType.Statement,
            "insert update delete replace merge drop create alter truncate exec execute declare waitfor shutdown grant "
            + "revoke call load copy set begin if kill backup restore attach pragma handler rename prepare vacuum"),
        (SqlType.Object,
            "table database schema view index user login procedure_ function trigger role sequence tablespace"),
        (SqlType.Keyword,
            "as by case when then else end exists values default join on using inner outer cross asc desc delay "
            + "outfile "
            + "dumpfile while column returns escape for over partition add cascade window"),
        (SqlType.Number, "null true false"),
        (SqlType.StrongFunction,
            "sleep benchmark pg_sleep extractvalue updatexml load_file xp_cmdshell xp_dirtree xp_fileexist xp_regread "
            + "sp_executesql sp_oacreate sp_password openrowset opendatasource openquery dbms_pipe.receive_message "
            + "dbms_lock.sleep user_lock.sleep utl_http.request utl_inaddr.get_host_address utl_inaddr.get_host_name "
            + "ctxsys.drithsx.sn dbms_utility.sqlid_to_sqlhash dbms_xmlgen.getxml randomblob "
            + "load_extension pg_read_file lo_import lo_export query_to_xml database_to_xml xmltype is_srvrolemember "
            + "fn_xe_file_target_read_file sys_eval sys_exec master..xp_cmdshell master..xp_dirtree "
            + "dbms_pipe.pack_message "
            + "dbms_java.runjava httpuritype gtid_subset gtid_subtract st_latfromgeohash "
            + "multilinestring regexp_substr_ "
            + "string_agg sqlite_version get_lock release_lock procedure_analyse"),
        (SqlType.Function,
            "ascii ord char chr nchar concat concat_ws substr substring mid  length len char_length lower upper "
            + "hex unhex bin conv cast convert count sum avg max min abs floor ceil ceiling round rand random sqrt "
            + "pow power "
            + "sign ifnull nullif  coalesce nvl nvl2 decode iif instr locate position reverse repeat rpad lpad ltrim "
            + "rtrim trim space strcmp field md5 sha1 sha2 password encrypt aes_encrypt version user_ database_ "
            + "current_user "
            + "session_user system_user now curdate sysdate getdate date_add date_format_ datediff unix_timestamp "
            + "from_base64 "
            + "to_base64 quote uuid connection_id last_insert_id row_count found_rows schema_ to_char to_number "
            + "to_date "
            + "sys_context rownum_ quotename host_name suser_sname db_name object_id object_name col_name stuff "
            + "str checksum "
            + "patindex charindex unicode crc32 bit_and bit_or bit_length inet_aton json_extract_ xmlelement typeof "
            + "exp elt polygon multipoint linestring multilinestring multipolygon geometrycollection json_keys "
            + "string_agg "
            + "group_concat make_set current_setting generate_series name_const if replace left right insert isnull "
            + "chr$ printf zeroblob total changes pg_client_encoding array_to_string array_agg ln log bitand sysmaster "
            + "translate initcap dump rawtohex hextoraw stddev variance greatest least interval_ extract format_"),
    ];

    private const string CatalogueNames =
        "information_schema sysobjects syscolumns sysusers sysdatabases pg_catalog pg_user pg_shadow pg_tables "
        + "pg_database "
        + "sqlite_master sqlite_temp_master all_tables user_tables dba_users all_users v$version dual msysobjects "
        + "msysaccessobjects rdb$database sysibm.sysdummy1 mysql.user performance_schema sys.schemas sys.objects "
        + "sys.databases information_schema.tables information_schema.columns information_schema.schemata systables "
        + "syscat.tables master..sysdatabases master..syslogins pg_class rdb$fields rdb$types domain.domains "
        + "information_schema.system_users sysibm.systables all_tab_columns user_tab_columns "
        + "information_schema.character_sets "
        + "information_schema.collations information_schema.plugins sysusers_ generate_series_ pg_stat_activity syscat";

    private static readonly ulong[] Hashes = new ulong[Slots];
    private static readonly byte[] Types = new byte[Slots];
    private static readonly bool[] IsCatalogue = new bool[Slots];

    static SqlWords()
    {
        foreach (var (type, words) in Groups)
        {
            foreach (var word in words.Split(' ')) Add(word.TrimEnd('_'), type, isCatalogue: false);
        }

        foreach (var word in CatalogueNames.Split(' ')) Add(word.TrimEnd('_'), SqlType.Name, isCatalogue: true);
    }

    /// <summary>The type of a word in any case; a plain name when it is not in the lists.</summary>
    public static byte TypeOf(ReadOnlySpan<byte> word, out bool isCatalogue)
    {
        var hash = Hash(word);
        for (var slot = (int)(hash % Slots); Hashes[slot] != 0; slot = (slot + 1) % Slots)
        {
            if (Hashes[slot] != hash) continue;
            isCatalogue = IsCatalogue[slot];
            return Types[slot];
        }

        isCatalogue = false;
        return SqlType.Name;
    }

    private static void Add(string word, byte type, bool isCatalogue)
    {
        var hash = Hash(Encoding.ASCII.GetBytes(word));
        var slot = (int)(hash % Slots);
        while (Hashes[slot] != 0 && Hashes[slot] != hash) slot = (slot + 1) % Slots;
        if (Hashes[slot] == hash) return;
        (Hashes[slot], Types[slot], IsCatalogue[slot]) = (hash, type, isCatalogue);
    }

    /// <summary>64-bit FNV-1a of the lower-case word; never zero.</summary>
    private static ulong Hash(ReadOnlySpan<byte> word)
    {
        var hash = 14695981039346656037UL;
        foreach (var value in word)
            hash = (hash ^ ((uint)(value - 'A') < 26 ? (uint)value | 0x20 : value)) * 1099511628211UL;
        return hash | 1;
    }
}
