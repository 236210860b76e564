"""Labels, names and layouts of the benchmark of everyday texts."""

# Labels that no biomedical text holds; none of them is in `training.far_labels`.
ABSENT = [
    "bird of prey in a coat of arms",
    "knitting pattern",
    "cocktail bar",
    "Shakespeare character",
    "sumo wrestler",
    "bicycle race stage",
    "perfume bottle designer",
    "board game",
    "tram stop",
    "rap album",
    "samurai sword",
    "chess grandmaster",
]
LAYOUTS = {
    "newline": ("", "\n"),
    "blank line": ("", "\n\n"),
    "bullet": ("- ", "\n"),
    "CRLF": ("", "\r\n"),
    "tab": ("", "\t"),
    "columns": ("", "        "),
}
NAMES = {
    "drug": ["Eliquis", "Zofran", "Lasix", "Keppra", "metformin", "lisinopril", "amoxicillin",
             "prednisone", "atorvastatin", "insulin glargine", "folic acid", "warfarin"],
    "disease": ["asthma", "gout", "migraine", "type 2 diabetes", "psoriasis", "heart failure",
                "hypertension", "anemia", "pneumonia", "chronic kidney disease", "epilepsy",
                "osteoporosis"],
}  # fmt: skip
PROMPT_VARIANTS = {
    "drug": ["drug", "drugs", "medication", "medicine", "Drug", "DRUG", "drug name", "medications",
             "pharmaceutical", "DrugName"],
    "disease": ["disease", "diseases", "disorder", "medical condition", "illness", "Disease",
                "diagnosis", "disease or disorder", "DISEASE", "MedicalCondition"],
    "symptom": ["symptom", "symptoms", "sign or symptom", "complaint", "Symptom", "clinical sign",
                "signs and symptoms", "SYMPTOM", "clinical symptom", "SignOrSymptom"],
    "dosage": ["dosage", "dose", "drug dose", "dosages", "Dosage", "strength", "amount of drug",
               "DOSAGE", "medication dosage", "DrugDosage"],
    "lab test": ["lab test", "laboratory test", "lab tests", "blood test", "Lab test", "LAB TEST",
                 "laboratory analysis", "lab_test", "LabTest", "laboratory examination"],
    "anatomical structure": ["anatomical structure", "body part", "anatomy", "anatomical site",
                             "anatomical structures", "organ or body part", "Anatomical structure",
                             "anatomical_structure", "AnatomicalStructure", "anatomical location"],
    "date or time": ["date or time", "date", "point in time", "dates or times", "Date or time",
                     "DATE OR TIME", "date_or_time", "DateOrTime", "calendar date or time",
                     "time expression"],
    "medical device": ["medical device", "medical devices", "device", "medical equipment",
                       "Medical device", "MEDICAL DEVICE", "medical_device", "MedicalDevice",
                       "clinical device", "device or implant"],
    "occupation": ["occupation", "job", "profession", "occupations", "Occupation", "OCCUPATION",
                   "job title", "professions", "person's job", "healthcare role or job"],
    "measurement value": ["measurement value", "measured value", "measurement", "numeric result",
                          "measurement values", "Measurement value", "test result value",
                          "measurement_value", "MeasurementValue", "lab or vital sign value"],
}  # fmt: skip
