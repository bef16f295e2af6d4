"""Whether STS names the signer of a request with a further signed header, and refuses the request with any other header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.questions.patch_question import PatchQuestion
from verify.scratch.answer import Answer
from verify.scratch.replies import get

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch

HEADER = "x-canary-call"
OK, REFUSED = 200, 403
SHORT_SECONDS, LATER_SECONDS = 1, 20


class ShippedProof(PatchQuestion):
    """A presigned GetCallerIdentity, sent as it was signed, and changed."""

    slug = "shipped-proof"
    how = "presign GetCallerIdentity with a further header, and send it as signed, with another value, without it, and late"
    parts = frozenset()
    not_of_emulators = "an emulator may take any signature, which says nothing about AWS"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        url = scratch.aws.presign("sts", "get_caller_identity", {HEADER: "one"}, seconds=SHORT_SECONDS)
        found = {
            "as signed": get(url, {HEADER: "one"}).status,
            "with another value": get(url, {HEADER: "two"}).status,
            "without it": get(url).status,
        }
        scratch.aws.clock.sleep(LATER_SECONDS)
        late = get(url, {HEADER: "one"}).status
        host = url.split("/")[2]
        wanted = {"as signed": OK, "with another value": REFUSED, "without it": REFUSED}
        evidence = (
            f"signed for {host}",
            *(f"{how}: HTTP {status}" for how, status in found.items()),
            f"{LATER_SECONDS} seconds after it was signed for {SHORT_SECONDS}: HTTP {late}",
        )
        return Answer("as-meant" if found == wanted else "otherwise", evidence)
