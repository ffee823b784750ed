"""Keypoints to landmarks."""


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
        recipe=2,
    message:
        "Reading landmarks: {wildcards.corpus}, {wildcards.split}, shard {wildcards.shard}"
    shell:
        "sonar-sign extract_landmarks --shard {input.shard} --root {params.root:q}"
        " --split {wildcards.split} --output {output.landmarks} --timings {output.timings}"
        " --counts {output.counts} {params.settings} > {log} 2>&1"
