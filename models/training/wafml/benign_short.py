"""Harmless values that were refused in use: separators by themselves, short names and defaults, notes, instructions, posts with code.

They are kinds and not strings: an import form takes any separator, any tracker has names with a colon, any build shows the commands it ran. What
decides is that nothing is attached to anything: a separator with nothing to separate, a command in a sentence or on a line of its own.
"""

_WORDS = "{word} {common} {word} {common} {word}"

SHORT = {
    # One to three bytes of punctuation: separators, quotes, wildcards, operators that forms and exports take as settings.
    "separator": ["{m}", "{m}", "{m}", "{m}{m}", "{same}", "{m} ", " {m}", " {m} ", "{e}", "{m}{e}", "{m}{d}", "{d}{m}", "{l}{m}", "{m}{l}"],
    "m": [";", ",", "|", ":", "\t", "\"", "'", "`", ".", "-", "_", "/", "\\", "~", "^", "#", "$", "%", "&", "*", "+", "=", "!", "?", "@", "<", ">",
          "(", ")", "[", "]", "{{", "}}", " "],
    "same": ["\"\"", "''", "``", "||", "&&", "--", "##", "::", ";;", ",,", "==", "!=", "<>", ">=", "<=", "->", "=>", "<-", "//", "/*", "*/", "**",
             "()", "[]", "{{}}", "<>", "\\\\", "$$", "@@", "%%", "~~", "...", "---", "===", "***", "\"\"\"", "```", "<=>", ":=", "+=", "|>", "~~~~"],
    "e": ["\\n", "\\r\\n", "\\t", "\\0", "\\r", "\\N", "\\\\", "\\\"", "%20", "&nbsp;", "&amp;", "\n", "\r\n", "\\s", "\\x00"],
    "l": ["a", "b", "c", "n", "q", "s", "t", "x"],
    # Names, defaults and settings of trackers, wikis, consoles and editors.
    "named": ["{word}:{word}", "{word}:{word}", "{word}:{word}:{word}", "{word}:start", "how{word}:{word}", "{W}:{W}", "{word}:{word}#{word}", "{word}/{word}:{word}",
              "{word}:{d}.{d}", "{word}={m}", "{word}={word}{m}{word}={word}", "{word}@{word}", "{word}.{word}={word}", "{word}+{word}", "{word}~{d}", "{word};", "{word};{word}",
              "{word};{word};{word}", "id;{word};{word}", "{word},id,{word}", "{word}\tid\t{word}", "\"{word}\";\"{word}\"", "{word};{n};{date}", "{word}_{word};q=0.{d}",
              "({word})", "<{word}>", "[{word}]", "*.{ext}", "*.{ext};*.{ext}", "*.{ext}|*.{ext}", "**/*.{ext}", "!{word}", "!{word}/**", "^{word}$", "^{word}.*", ".*\\.{ext}$", "[a-z]+", "\\d+", "^\\s*#",
              "{word}?", "{word}*", "*{word}*", "?{word}", "{word}..{word}", "{word}...", "v{d}.{d}..v{d}.{d}", "HEAD~{d}", "origin/{word}", "refs/heads/{word}", "@{{u}}", "{hex}^"],
    "place": ["file:///home/{word}", "file:///home/{word}/{word}", "file:///{word}", "file:///{word}/{word}.{ext}", "file:///C:/{W}/{word}.{ext}", "/home/{word}", "/srv/{word}", "/opt/{word}", "/mnt/{word}/{word}", "/usr/share/doc/{word}",
              "/var/lib/{word}", "/etc/{word}", "the /etc/{word} file", "{word} in /etc/{word}", "/etc/{word} on {word}", "~/{word}", "~/.{word}", "$HOME/{word}", "%APPDATA%\\{W}", "{word} ../{word}", "see ../{word}/{word}.{ext}", "../{word}.{ext}", "from '../{word}'", "./{word}",
              "smb://{word}/{word}", "nfs://{word}/{word}", "sftp://{word}@{word}/{word}", "ldap://{word}:389", "jdbc:mysql://{word}:3306/{word}", "jdbc:h2:mem:{word}", "unix:///var/run/{word}.sock", "tcp://{word}:{port}", "http://{word}:{port}", "http://{ip}:{port}/{word}", "{ip}:{port}", "{word}.local",
              "{word}.svc", "{word}.{word}.svc.cluster.local:{port}", "^({ip}|{word})$", "^(::1|fe80:|127\\.|10\\.)", "/^{word}-\\d+$/i", "{ip}/{d}", "unix:{word}"],
    "signature": ["--~~~~", " --~~~~", "{word} ~~~~", "-- [[User:{W}|{W}]] ({d}{d}:{d}{d}, {d} May {n4} (UTC))", "--[[{word}:{W}|{W}]] {date}", " --- //[[{word}@{host}|{W} {W}]] {date} {d}{d}:{d}{d}//", " --- //[[@MAIL@|@NAME@]] @DATE@//", "-- \n{W} {W}\n{word}@{host}",
                  "// {W}, {date}", "@USER@", "@{W}@ @DATE@", "%{W}% %DATE%", "__TOC__", "~~NOTOC~~", "~~NOCACHE~~", "{{{{{word}>{word}}}}}", "{{{{:{word}:{word}.png?{n}|{word}}}}}", "[[{word}:{word}|{W} {word}]]", "<nowiki>~~~~</nowiki>", "====== {W} {word} ======", "==== {W} ====", "'''{W}''' {prose}",
                  "''{word}'' {word}", "* [[{W}]]\n* [[{W}]]", "----", "<code {word}>\n{line}\n</code>", "<file {word} {word}.{ext}>\n{line}\n{line}\n</file>"],
    # What a build, a container's history or a pipeline shows of what it ran.
    "built": ["/bin/sh -c {step}", "/bin/sh -c {step} && {step}", "/bin/sh -c {step}; {step}", "RUN /bin/sh -c {step} # buildkit", "|{d} {W}={word} /bin/sh -c {step} && {step}", "/bin/sh -c set -eux; {step}; {step}; {step}", "/bin/sh -c #(nop)  CMD [\"{word}\"]", "/bin/sh -c #(nop) ADD file:{hex} in / ",
              "/bin/sh -c #(nop)  ENV PATH=/usr/local/bin:/usr/bin:/bin", "COPY --from={word} /{word} /usr/bin/{word} # buildkit", "CMD [\"/bin/bash\"]", "ENTRYPOINT [\"/{word}.sh\", \"{word}\"]", "[\"/bin/sh\", \"-c\", \"{step}\"]", "sh -c '{step}'", "bash -lc \"{step} && {step}\"",
              "RUN {step} \\\n    && {step} \\\n    && {step}", "+ {step}\n+ {step}", "$ {step}\n$ {step}", "# {step}", "{{\"created_by\":\"/bin/sh -c {step} && {step}\",\"empty_layer\":true}}", "- run: {step}", "script:\n  - {step}\n  - {step}", "ExecStart=/usr/bin/{word} --{word}", "HEALTHCHECK CMD curl -f http://localhost:{port}/ || exit 1",
              "livenessProbe: exec: command: [\"sh\", \"-c\", \"{word} --{word}\"]", "postinstall: {step}", "\"scripts\": {{\"test\": \"{step} && {word}\"}}"],
    "step": ["apt-get update", "apt-get install -y --no-install-recommends {word} {word}", "rm -rf /var/lib/apt/lists/*", "apk add --no-cache {word} {word}", "yum install -y {word}", "mkdir -p /{word}/{word}", "chown -R {word}:{word} /{word}", "chmod +x /{word}.sh", "useradd -m {word}", "adduser -D {word}", "echo \"{word}={word}\" >> /etc/{word}.conf",
             "curl -fsSL https://{host}/{word}.tar.gz | tar xz", "wget -q https://{host}/{word}.{ext}", "pip install --no-cache-dir -r {word}.txt", "npm ci", "npm run {word}", "make {word}", "cd /{word}", "ln -sf /dev/stdout /var/log/{word}.log", "cp -a {word} /{word}", "go build -o {word} ./{word}", "mvn -q package", "dotnet publish -c Release", "sed -i 's/{word}/{word}/' /etc/{word}", "export {W}={word}",
             "git clone https://{host}/{word}.git", "rm -rf {word} /tmp/{word}", "systemctl enable {word}", "sha256sum -c {word}", "{word} --version", "test -f {word}"],
    # Notes, instructions and posts: sentences with commands or queries on lines of their own.
    "note": ["{line}\n{line}\n{line}", "{W} {word}:\n\n    {line}\n    {line}\n\n{prose}", "{prose}\n{line}\n{prose}", "# {W}\n{line}\n# {W} {word}\n{line}", "Remember: {prose}\n- {line}\n- {prose}", "{date} {prose}\n{line}\n", "{prose}:\n{line}\n{line}\n\n{prose}:\n{line}", "{W}:\t{line}\n{W}:\t{line}",
             "1. {prose}\n2. `{line}`\n3. {prose}", "{prose} `{line}` {prose}", "{prose} \"{line}\" {prose}", "{prose}: {line}", "-- {prose}\n{sql}\n-- {prose}\n{sql}", "{sql}\n{sql}", "{word}.{ext}:\n{line}"],
    "manual": ["# {word}\n\n{prose}\n\n## Install\n\n```{sh}\n{step}\n{step}\n```\n\n## Usage\n\n```{sh}\n{line}\n```\n\n{prose}", "## {W}\n\n{prose}\n\n    {line}\n    {line}\n\n- `{word}`: {prose}\n- `{word}`: {prose}", "[![{W}](https://{host}/{word}.svg)](https://{host}/{word})\n\n{prose}\n\n```\n{line}\n```",
               "| {word} | {word} |\n|---|---|\n| `{line}` | {prose} |", "{prose}\n\n<details><summary>{word}</summary>\n\n```{sh}\n{line}\n```\n</details>"],
    "post": ["{prose}\n\n```{sh}\n{line}\n{line}\n```\n\n{prose}", "<p>{prose}</p><pre><code>{line}\n{line}</code></pre><p>{prose}</p>", "<p>{prose} <code>{line}</code> {prose}</p>", "{prose}\n[code]{line}[/code]\n{prose}", "{prose}\n\n{{code}}\n{line}\n{{code}}\n{prose}", "<!-- wp:code --><pre class=\"wp-block-code\"><code>{line}</code></pre><!-- /wp:code -->",
             "{prose} {line} {prose}", "<div>{prose}<br>{line}<br>{prose}</div>", "> {line}\n\n{prose}", "@{word} {prose}: `{line}`", "{prose}\n<code>\n{line}\n{sql}\n</code>\n{prose}"],
    "line": ["{step}", "{step}", "{step} && {step}", "{step}; {step}", "{step} | {word} {word}", "sudo {step}", "$ {step}", "{sql}", "{sql}", "{word} {word} --{word} {word}", "kubectl {word} -f {word}.{ext}", "docker {word} -it {word} sh", "ssh {word}@{host} '{step}'", "for f in *.{ext}; do {word} \"$f\"; done", "if [ -f {word} ]; then {step}; fi",
             "{W}=$({word} {word})", "echo \"$({word})\"", "echo `{word}`", "PS1='$ '", "export {W}_{W}=${{{W}:-{word}}}", "Get-{W} -{W} {word} | Select-Object {W}", "ping {ip}", "cat {word}.{ext} | grep {word} | sort", "tail -n {n} /var/log/{word}.log", "crontab -e", "0 {d} * * * {word} >/dev/null 2>&1"],
    "sql": ["SELECT {word}, {word} FROM {word} WHERE {word} = '{word}';", "SELECT * FROM {word} LIMIT {n};", "UPDATE {word} SET {word} = {n} WHERE id = {n};", "DELETE FROM {word} WHERE {word} < now();", "INSERT INTO {word} VALUES ({n}, '{word}');", "CREATE INDEX {word} ON {word} ({word});", "select count(*) from {word}", "GRANT ALL ON {word}.* TO '{word}'@'%';",
            "ALTER TABLE {word} DROP COLUMN {word};", "SELECT a.id FROM {word} a LEFT JOIN {word} b ON b.id = a.id WHERE b.id IS NULL;"],
    "sh": ["sh", "bash", "console", "sql", "", "python", "yaml"],
    "ext": ["txt", "csv", "md", "yml", "json", "sql", "log", "sh", "py", "conf", "xml", "html", "png", "js"],
    "common": ["the", "a", "and", "or", "of", "to", "in", "is", "from", "where", "select", "not", "run", "then", "with", "this", "it", "for", "on", "use", "we", "if", "update", "please"],
    "prose": [_WORDS + ".", "{W} " + _WORDS + ", {common} {word}.", "I {word} {common} {word} {common} {word}", "{W} {common} {word}?", "{W}, {common} {word} {common} {word} {word}; {common} {word}.", "{common} {word} {common} {word}"],
}
SHORT_KINDS = ("separator", "named", "named", "place", "signature", "built", "note", "note", "manual", "post", "post")
