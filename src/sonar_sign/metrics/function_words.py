"""English words that carry grammar rather than content, for reduced BLEU."""

# Determiners, pronouns, prepositions, conjunctions, auxiliaries, particles and their contractions.
FUNCTION_WORDS = frozenset(
    """
    a an the this that these those some any no every each either neither both all such what which
    whose my your his her its our their
    i you he she it we they me him us them mine yours hers ours theirs myself yourself himself
    herself itself ourselves yourselves themselves who whom someone somebody something anyone
    anybody anything everyone everybody everything nobody nothing one
    of in on at by for with from to into onto upon about above across after against along among
    around as before behind below beneath beside between beyond down during except inside like near
    off out outside over past since through throughout till toward towards under until up via within
    without
    and or but nor so yet if because although though while whereas whether unless than
    am is are was were be been being do does did doing done have has had having will would shall
    should can could may might must ought
    not there here then just also too very really well ok okay oh now when where why how
    i'm you're he's she's it's we're they're i've you've we've they've i'd you'd he'd she'd we'd
    they'd i'll you'll he'll she'll it'll we'll they'll that's there's here's what's who's let's
    don't doesn't didn't isn't aren't wasn't weren't haven't hasn't hadn't won't wouldn't can't
    cannot couldn't shouldn't mustn't gonna going
    """.split()  # noqa: SIM905 (a list would be three times as long)
)
