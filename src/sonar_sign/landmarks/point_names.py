"""The names of all points of MediaPipe Holistic, OpenPose and COCO-WholeBody, in order, by part.

Parts are body, face, left hand, right hand, with the names that `.pose` files use; OpenPose's
parts have the names of its JSON. COCO-WholeBody's 133 points (Jin et al. 2020, arXiv 2007.11858)
are those of RTMPose, DWPose and MMPose; feet belong to the body.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_MEDIAPIPE_HAND = _words("""
    WRIST THUMB_CMC THUMB_MCP THUMB_IP THUMB_TIP
    INDEX_FINGER_MCP INDEX_FINGER_PIP INDEX_FINGER_DIP INDEX_FINGER_TIP
    MIDDLE_FINGER_MCP MIDDLE_FINGER_PIP MIDDLE_FINGER_DIP MIDDLE_FINGER_TIP
    RING_FINGER_MCP RING_FINGER_PIP RING_FINGER_DIP RING_FINGER_TIP
    PINKY_MCP PINKY_PIP PINKY_DIP PINKY_TIP
""")
_OPENPOSE_HAND = _words("""
    BASE T_STT T_BCMC T_MCP T_IP I_CMC I_MCP I_PIP I_DIP M_CMC M_MCP M_PIP M_DIP
    R_CMC R_MCP R_PIP R_DIP P_CMC P_MCP P_PIP P_DIP
""")
# Region: number of points. Border, brows, nose, eyes, outer and inner lips, pupils.
_OPENPOSE_FACE = {"FB": 17, "FEB": 10, "FN": 9, "FE": 12, "FLO": 12, "FLI": 8, "FP": 2}

MEDIAPIPE = {
    "POSE_LANDMARKS": _words("""
        NOSE LEFT_EYE_INNER LEFT_EYE LEFT_EYE_OUTER RIGHT_EYE_INNER RIGHT_EYE RIGHT_EYE_OUTER
        LEFT_EAR RIGHT_EAR MOUTH_LEFT MOUTH_RIGHT LEFT_SHOULDER RIGHT_SHOULDER LEFT_ELBOW
        RIGHT_ELBOW LEFT_WRIST RIGHT_WRIST LEFT_PINKY RIGHT_PINKY LEFT_INDEX RIGHT_INDEX
        LEFT_THUMB RIGHT_THUMB LEFT_HIP RIGHT_HIP LEFT_KNEE RIGHT_KNEE LEFT_ANKLE RIGHT_ANKLE
        LEFT_HEEL RIGHT_HEEL LEFT_FOOT_INDEX RIGHT_FOOT_INDEX
    """),
    # Including the ten refined landmarks of the irises, which are last.
    "FACE_LANDMARKS": tuple(str(number) for number in range(478)),
    "LEFT_HAND_LANDMARKS": _MEDIAPIPE_HAND,
    "RIGHT_HAND_LANDMARKS": _MEDIAPIPE_HAND,
}
OPENPOSE = {
    "pose_keypoints_2d": _words("""
        Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip
        LKnee LAnkle REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel
    """),
    "face_keypoints_2d": tuple(
        f"{part}_{number}"
        for number, part in enumerate(
            part for part, count in _OPENPOSE_FACE.items() for _ in range(count)
        )
    ),
    "hand_left_keypoints_2d": _OPENPOSE_HAND,
    "hand_right_keypoints_2d": _OPENPOSE_HAND,
}
COCO = {
    "BODY": _words("""
        nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow
        right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle
        right_ankle left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel
    """),
    "FACE": tuple(f"face-{number}" for number in range(68)),
    "LEFT_HAND": tuple(f"hand_{number}" for number in range(21)),
    "RIGHT_HAND": tuple(f"hand_{number}" for number in range(21)),
}
