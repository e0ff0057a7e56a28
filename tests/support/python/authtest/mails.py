# SPDX-License-Identifier: MIT
"""What a person finds in the mailbox: read from the log of a service without a mail server, or from a mail server."""
import dataclasses
import email
import email.policy
import json
import pathlib
import re

LINK = re.compile(r"https?://\S+")


@dataclasses.dataclass(frozen=True)
class Mail:
    kind: str  # empty where it came through a mail server: nothing on the wire says it
    to: str
    subject: str
    text: str
    code: str
    link: str
    language: str = ""
    at: str = ""  # when it was printed; empty where it came through a mail server

    @property
    def token(self):
        """What stands behind the '#' of the link."""
        return self.link.partition("#")[2]


def printed_mails(log):
    """Those a service without a mail server wrote to its log, which is JSON, oldest first."""
    found = []
    for line in log.splitlines():
        if '"mail"' not in line:
            continue
        try:
            entry = json.loads(line)
        except ValueError:  # cut in the middle of being written
            continue
        if entry.get("message") == "mail" and "subject" in entry:
            fields = {name: entry.get(name, "") for name in ("kind", "to", "subject", "text", "code", "link", "language")}
            found.append(Mail(**fields, at=entry["time"]))
    return found


def parse_mail(content, to=""):
    """One as it came over the wire (bytes): the code is the line of digits, the link the first one of the text."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    text = message.get_body(("plain",)).get_content()
    code = re.search(r"^\s+([0-9A-Za-z-]{6,})\s*$", text, re.MULTILINE)
    link = LINK.search(text)
    return Mail("", to or str(message["To"]).strip("<>"), str(message["Subject"]), text, code.group(1) if code else "",
                link.group(0) if link else "")


def received_mails(folder):
    """Those a mail server of the tests put into a folder, one file each, oldest first; one that is still being written
    is passed over."""
    contents = [path.read_bytes() for path in sorted(pathlib.Path(folder).glob("*.eml"), key=lambda path: path.name)]
    return [parse_mail(content) for content in contents if content.rstrip().endswith(b"--")]
