"""Keypoints to landmarks."""

from sonar_sign.landmarks.keypoint_locations import state_of


def landmark_videos(wildcards):
    """The videos of a shard where landmarks are found in them."""
    return videos(wildcards) if config["landmarks"]["source"] == "mediapipe" else []


def keypoint_state(wildcards):
    """A hash of which keypoint files a shard's clips have; keypoints that are missing stop nothing.

    As inputs they would be tens of thousands of folders, each of which must be there. It must not
    ask for `input`: Snakemake notices no change in params that are made from it.
    """
    source = config["landmarks"]["source"]
    shard = Path(f"results/{wildcards.corpus}/shards/{wildcards.split}/{wildcards.shard}.tsv")
    # The shard is written by a checkpoint, after which this is asked again.
    if source == "mediapipe" or not shard.is_file():
        return "none"
    return state_of(shard, root_of(wildcards), wildcards.split, source)


rule extract_landmarks:
    input:
        shard=shard_file,
        videos=landmark_videos,
    output:
        landmarks="results/{corpus}/landmarks/{split}/{shard}.npy",
        index="results/{corpus}/landmarks/{split}/{shard}.parquet",
        timings="results/{corpus}/landmarks/{split}/{shard}.timings.json",
        counts="results/{corpus}/landmarks/{split}/{shard}.counts.json",
    log:
        "results/{corpus}/logs/extract_landmarks/{split}/{shard}.log",
    benchmark:
        "results/{corpus}/benchmarks/extract_landmarks/{split}/{shard}.tsv"
    priority: 5
    conda:
        "../envs/corpus.yaml"
    params:
        root=root_of,
        settings=flags(config["landmarks"]),
        # Not on the command line: keypoints that are replaced are read again.
        keypoints=keypoint_state,
        recipe=1,
    message:
        "Reading landmarks: {wildcards.corpus}, {wildcards.split}, shard {wildcards.shard}"
    shell:
        "sonar-sign extract_landmarks --shard {input.shard} --root {params.root:q}"
        " --split {wildcards.split} --output {output.landmarks} --timings {output.timings}"
        " --counts {output.counts} {params.settings} > {log} 2>&1"
